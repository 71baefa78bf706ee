#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 100000 };

static double integrate(double (*f)(double), double from, double to)
{
    double width = (to - from) / (double)STEPS;
    double sum = 0.0;
    for (int64_t i = 0; i < STEPS; i++)
        sum += f(from + ((double)i + 0.5) * width);
    return sum * width;
}

static double bell(double x)
{
    return 1.0 / (1.0 + x * x);
}

static double wave(double x)
{
    return x * (1.0 - x) * (2.0 - x);
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    double area = 0.0;
    for (int64_t round = 1; round <= rounds; round++) {
        area += integrate(bell, 0.0, (double)round);
        area += integrate(wave, 0.0, 1.0 / (double)round);
    }
    printf("%.9f\n", area);
    return 0;
}
