#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Open addressing with linear probing; a hole that a key leaves is closed. */
struct entry {
    int64_t key, value;
    bool is_used;
};

struct map {
    struct entry *entries;
    uint64_t mask;
    int64_t length;
};

static uint64_t home(const struct map *m, int64_t key)
{
    uint64_t hash = (uint64_t)key * 0x9E3779B97F4A7C15;
    return (hash ^ hash >> 32) & m->mask;
}

static struct entry *find(const struct map *m, int64_t key)
{
    uint64_t at = home(m, key);
    while (m->entries[at].is_used && m->entries[at].key != key)
        at = (at + 1) & m->mask;
    return &m->entries[at];
}

static struct map with_room(uint64_t room)
{
    return (struct map){calloc(room, sizeof(struct entry)), room - 1, 0};
}

static void grow(struct map *m)
{
    struct map larger = with_room((m->mask + 1) * 2);
    for (uint64_t i = 0; i <= m->mask; i++)
        if (m->entries[i].is_used)
            *find(&larger, m->entries[i].key) = m->entries[i];
    free(m->entries);
    m->entries = larger.entries;
    m->mask = larger.mask;
}

static const int64_t *get(const struct map *m, int64_t key)
{
    const struct entry *e = find(m, key);
    return e->is_used ? &e->value : NULL;
}

static void set(struct map *m, int64_t key, int64_t value)
{
    struct entry *e = find(m, key);
    if (e->is_used) {
        e->value = value;
        return;
    }
    *e = (struct entry){key, value, true};
    if ((uint64_t)++m->length * 4 > (m->mask + 1) * 3)
        grow(m);
}

static bool take(struct map *m, int64_t key)
{
    struct entry *e = find(m, key);
    if (!e->is_used)
        return false;
    uint64_t hole = e - m->entries;
    for (uint64_t at = (hole + 1) & m->mask; m->entries[at].is_used; at = (at + 1) & m->mask) {
        uint64_t wanted = home(m, m->entries[at].key);
        if (((at - wanted) & m->mask) >= ((at - hole) & m->mask)) {
            m->entries[hole] = m->entries[at];
            hole = at;
        }
    }
    m->entries[hole].is_used = false;
    m->length--;
    return true;
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    struct map counts = with_room(16);
    int64_t random = 42, found = 0, removed = 0;
    for (int64_t round = 0; round < rounds; round++) {
        for (int64_t i = 0; i < 20000; i++) {
            random = random * 16807 % 2147483647;
            int64_t key = random % 20000 * 7919;
            const int64_t *count = get(&counts, key);
            set(&counts, key, (count != NULL ? *count : 0) + 1);
        }
        for (int64_t i = 0; i < 20000; i++) {
            const int64_t *count = get(&counts, i * 7919);
            if (count != NULL)
                found += *count;
        }
        for (int64_t i = 0; i < 1000; i++)
            if (take(&counts, i * 7919))
                removed++;
    }
    printf("%lld %lld %lld\n", (long long)counts.length, (long long)found, (long long)removed);
    free(counts.entries);
    return 0;
}
