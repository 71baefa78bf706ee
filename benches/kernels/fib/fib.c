#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t fib(int64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 1;
    int64_t sum = 0;
    for (int64_t k = 0; k <= n; k++)
        sum += fib(k);
    printf("%lld\n", (long long)sum);
    return 0;
}
