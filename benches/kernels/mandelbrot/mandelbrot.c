#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static bool stays(double cr, double ci)
{
    double r = 0.0, i = 0.0;
    for (int64_t round = 0; round < 50; round++) {
        double rr = r * r, ii = i * i;
        if (rr + ii > 4.0)
            return false;
        i = 2.0 * r * i + ci;
        r = rr - ii + cr;
    }
    return true;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 1;
    double step = 2.0 / (double)n;
    int64_t inside = 0;
    for (int64_t y = 0; y < n; y++)
        for (int64_t x = 0; x < n; x++)
            if (stays((double)x * step - 1.5, (double)y * step - 1.0))
                inside++;
    printf("%lld\n", (long long)inside);
    return 0;
}
