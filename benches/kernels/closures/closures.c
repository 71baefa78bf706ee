#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A function of one number, with what it has captured. */
struct closure {
    int64_t (*call)(const struct closure *self, int64_t x);
    int64_t n;
    const struct closure *f, *g;
};

struct list {
    int64_t *at;
    size_t length;
};

static int64_t call(const struct closure *f, int64_t x)
{
    return f->call(f, x);
}

static int64_t add(const struct closure *self, int64_t x)
{
    return x + self->n;
}

static int64_t one_after_other(const struct closure *self, int64_t x)
{
    return call(self->g, call(self->f, x));
}

static int64_t triple(const struct closure *self, int64_t x)
{
    (void)self;
    return x * 3 % 1001;
}

static struct closure *adder(int64_t n)
{
    struct closure *f = malloc(sizeof *f);
    *f = (struct closure){.call = add, .n = n};
    return f;
}

static struct closure *compose(const struct closure *f, const struct closure *g)
{
    struct closure *both = malloc(sizeof *both);
    *both = (struct closure){.call = one_after_other, .f = f, .g = g};
    return both;
}

static struct list map(struct list xs, const struct closure *f)
{
    struct list out = {malloc(xs.length * sizeof *out.at), xs.length};
    for (size_t i = 0; i < xs.length; i++)
        out.at[i] = call(f, xs.at[i]);
    return out;
}

static struct list filter(struct list xs, bool (*keep)(int64_t))
{
    struct list out = {malloc(xs.length * sizeof *out.at), 0};
    for (size_t i = 0; i < xs.length; i++)
        if (keep(xs.at[i]))
            out.at[out.length++] = xs.at[i];
    return out;
}

static int64_t fold(struct list xs, int64_t start, int64_t (*f)(int64_t, int64_t))
{
    for (size_t i = 0; i < xs.length; i++)
        start = f(start, xs.at[i]);
    return start;
}

static bool is_even(int64_t x)
{
    return x % 2 == 0;
}

static int64_t plus(int64_t sum, int64_t x)
{
    return sum + x;
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    struct list xs = {malloc(1000 * sizeof *xs.at), 1000};
    for (size_t i = 0; i < xs.length; i++)
        xs.at[i] = i;
    const struct closure third = {.call = triple};
    int64_t total = 0;
    for (int64_t round = 0; round < rounds; round++) {
        struct closure *first = adder(round);
        struct closure *step = compose(first, &third);
        struct list mapped = map(xs, step);
        struct list even = filter(mapped, is_even);
        total += fold(even, 0, plus);
        free(even.at);
        free(mapped.at);
        free(step);
        free(first);
    }
    printf("%lld\n", (long long)total);
    free(xs.at);
    return 0;
}
