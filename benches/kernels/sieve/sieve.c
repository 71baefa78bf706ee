#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t primes(int64_t limit)
{
    bool *is_prime = malloc(limit + 1);
    memset(is_prime, true, limit + 1);
    int64_t found = 0;
    for (int64_t i = 2; i <= limit; i++) {
        if (is_prime[i]) {
            found++;
            for (int64_t multiple = i * i; multiple <= limit; multiple += i)
                is_prime[multiple] = false;
        }
    }
    free(is_prime);
    return found;
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    int64_t found = 0;
    for (int64_t round = 1; round <= rounds; round++)
        found += primes(400000 + round);
    printf("%lld\n", (long long)found);
    return 0;
}
