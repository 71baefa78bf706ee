#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double **empty(int64_t n)
{
    double **rows = malloc(n * sizeof *rows);
    for (int64_t i = 0; i < n; i++)
        rows[i] = calloc(n, sizeof **rows);
    return rows;
}

static void drop(double **rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        free(rows[i]);
    free(rows);
}

static double **matrix(int64_t n)
{
    double size = (double)n;
    double **rows = empty(n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            rows[i][j] = (double)((i - j) * (i + j)) / size / size;
    return rows;
}

static double **transposed(double **a, int64_t n)
{
    double **rows = empty(n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            rows[i][j] = a[j][i];
    return rows;
}

static double **product(double **a, double **b, int64_t n)
{
    double **columns = transposed(b, n);
    double **rows = empty(n);
    for (int64_t i = 0; i < n; i++) {
        const double *left = a[i];
        for (int64_t j = 0; j < n; j++) {
            const double *right = columns[j];
            double sum = 0.0;
            for (int64_t k = 0; k < n; k++)
                sum += left[k] * right[k];
            rows[i][j] = sum;
        }
    }
    drop(columns, n);
    return rows;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 2;
    double **a = matrix(n), **b = matrix(n);
    double **c = product(a, b, n);
    printf("%.6f %.6f %.6f\n", c[0][0], c[n / 2][n / 2], c[n - 1][n - 2]);
    drop(a, n);
    drop(b, n);
    drop(c, n);
    return 0;
}
