#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t fib(int64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    int64_t sum = 0;
    for (int64_t round = 0; round < rounds; round++)
        sum += fib(24 + round % 8);
    printf("%lld\n", (long long)sum);
    return 0;
}
