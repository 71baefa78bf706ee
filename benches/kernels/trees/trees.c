#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct tree {
    struct tree *left, *right;
};

static struct tree *node(struct tree *left, struct tree *right)
{
    struct tree *t = malloc(sizeof *t);
    t->left = left;
    t->right = right;
    return t;
}

static struct tree *grow(int64_t depth)
{
    if (depth == 0)
        return node(NULL, NULL);
    struct tree *left = grow(depth - 1);
    return node(left, grow(depth - 1));
}

static int64_t count(const struct tree *t)
{
    return t == NULL ? 0 : 1 + count(t->left) + count(t->right);
}

static void drop(struct tree *t)
{
    if (t == NULL)
        return;
    drop(t->left);
    drop(t->right);
    free(t);
}

int main(int argc, char **argv)
{
    int64_t depth = argc > 1 ? atoll(argv[1]) : 4;
    struct tree *long_lived = grow(depth);
    int64_t nodes = 0;
    for (int64_t at = 4; at <= depth; at += 2) {
        for (int64_t i = 0; i < (int64_t)1 << (depth - at); i++) {
            struct tree *t = grow(at);
            nodes += count(t);
            drop(t);
        }
    }
    printf("%lld %lld\n", (long long)nodes, (long long)count(long_lived));
    drop(long_lived);
    return 0;
}
