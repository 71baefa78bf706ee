#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 100000 };

int main(int argc, char **argv)
{
    int64_t blocks = argc > 1 ? atoll(argv[1]) : 1;
    double sum = 0.0, sign = 1.0;
    for (int64_t block = 0; block < blocks; block++) {
        for (int64_t k = block * BLOCK; k < (block + 1) * BLOCK; k++) {
            sum += sign / (double)(2 * k + 1);
            sign = -sign;
        }
    }
    printf("%.12f\n", 4.0 * sum);
    return 0;
}
