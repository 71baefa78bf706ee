#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { NUMBER, X, Y, ADD, TIMES, LARGER, IF_LESS };

/* What is shared or replaced is never freed: an expression lives as long as the program. */
struct expr {
    enum kind kind;
    union {
        int64_t number;
        const struct expr *parts[4];
    };
};

struct point {
    int64_t x, y;
};

static int64_t state = 42;

static int64_t below(int64_t bound)
{
    state = state * 16807 % 2147483647;
    return state % bound;
}

static const struct expr *make(struct expr of)
{
    struct expr *e = malloc(sizeof *e);
    *e = of;
    return e;
}

static const struct expr *number(int64_t n)
{
    return make((struct expr){.kind = NUMBER, .number = n});
}

static const struct expr *random_expr(int64_t depth)
{
    if (depth == 0) {
        switch (below(3)) {
        case 0:
            return number(below(10));
        case 1:
            return make((struct expr){.kind = X});
        default:
            return make((struct expr){.kind = Y});
        }
    }
    int64_t kind = below(7);
    const struct expr *left = random_expr(depth - 1);
    const struct expr *right = random_expr(depth - 1);
    switch (kind) {
    case 0:
    case 1:
    case 2:
        return make((struct expr){.kind = ADD, .parts = {left, right}});
    case 3:
    case 4:
        return make((struct expr){.kind = TIMES, .parts = {left, right}});
    case 5:
        return make((struct expr){.kind = LARGER, .parts = {left, right}});
    default:
        return make((struct expr){.kind = IF_LESS, .parts = {left, right, right, left}});
    }
}

static int is(const struct expr *e, int64_t n)
{
    return e->kind == NUMBER && e->number == n;
}

static const struct expr *simpler(const struct expr *e)
{
    if (e->kind == NUMBER || e->kind == X || e->kind == Y)
        return e;
    const struct expr *a = simpler(e->parts[0]), *b = simpler(e->parts[1]);
    int64_t neutral = e->kind == ADD ? 0 : 1;
    switch (e->kind) {
    case ADD:
    case TIMES:
        if (is(a, neutral))
            return b;
        if (is(b, neutral))
            return a;
        if (a->kind == NUMBER && b->kind == NUMBER)
            return number(e->kind == ADD ? a->number + b->number : a->number * b->number);
        return make((struct expr){.kind = e->kind, .parts = {a, b}});
    case LARGER:
        return make((struct expr){.kind = LARGER, .parts = {a, b}});
    default:
        return make((struct expr){
            .kind = IF_LESS,
            .parts = {a, b, simpler(e->parts[2]), simpler(e->parts[3])},
        });
    }
}

static int64_t value(const struct expr *e, const struct point *at)
{
    switch (e->kind) {
    case NUMBER:
        return e->number;
    case X:
        return at->x;
    case Y:
        return at->y;
    case ADD:
        return (value(e->parts[0], at) + value(e->parts[1], at)) % 1000003;
    case TIMES:
        return value(e->parts[0], at) * value(e->parts[1], at) % 1000003;
    case LARGER: {
        int64_t left = value(e->parts[0], at), right = value(e->parts[1], at);
        return left > right ? left : right;
    }
    default:
        return value(e->parts[0], at) < value(e->parts[1], at) ? value(e->parts[2], at)
                                                               : value(e->parts[3], at);
    }
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    const struct expr *e = simpler(random_expr(8));
    struct point at = {1, 2};
    int64_t sum = 0;
    for (int64_t round = 0; round < rounds; round++) {
        sum += value(e, &at);
        at.x = sum % 1009;
        at.y = (at.y + round) % 1013;
    }
    printf("%lld\n", (long long)sum);
    return 0;
}
