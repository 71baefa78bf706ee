#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct board {
    int64_t size;
    bool *columns, *rising, *falling;
};

static bool *all_free(int64_t count)
{
    bool *flags = malloc(count);
    memset(flags, true, count);
    return flags;
}

static bool is_free(const struct board *b, int64_t row, int64_t column)
{
    return b->columns[column] && b->rising[row + column] && b->falling[row - column + b->size];
}

static void mark(struct board *b, int64_t row, int64_t column, bool is_free)
{
    b->columns[column] = is_free;
    b->rising[row + column] = is_free;
    b->falling[row - column + b->size] = is_free;
}

static int64_t solutions(struct board *b, int64_t row)
{
    if (row == b->size)
        return 1;
    int64_t count = 0;
    for (int64_t column = 0; column < b->size; column++) {
        if (is_free(b, row, column)) {
            mark(b, row, column, false);
            count += solutions(b, row + 1);
            mark(b, row, column, true);
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    int64_t size = argc > 1 ? atoll(argv[1]) : 1;
    struct board b = {size, all_free(size), all_free(2 * size), all_free(2 * size)};
    printf("%lld\n", (long long)solutions(&b, 0));
    free(b.columns);
    free(b.rising);
    free(b.falling);
    return 0;
}
