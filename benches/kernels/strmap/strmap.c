#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing; the map has copies of its keys. */
struct entry {
    char *key;
    size_t length;
    uint64_t hash;
    int64_t value;
};

struct map {
    struct entry *entries;
    uint64_t mask;
    int64_t length;
};

static uint64_t hash_of(const char *key, size_t length)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001B3;
    return hash;
}

static struct entry *find(const struct map *m, const char *key, size_t length, uint64_t hash)
{
    for (uint64_t at = hash & m->mask;; at = (at + 1) & m->mask) {
        struct entry *e = &m->entries[at];
        if (e->key == NULL
            || (e->hash == hash && e->length == length && memcmp(e->key, key, length) == 0))
            return e;
    }
}

static struct map with_room(uint64_t room)
{
    return (struct map){calloc(room, sizeof(struct entry)), room - 1, 0};
}

static void grow(struct map *m)
{
    struct map larger = with_room((m->mask + 1) * 2);
    for (uint64_t i = 0; i <= m->mask; i++) {
        struct entry *e = &m->entries[i];
        if (e->key != NULL)
            *find(&larger, e->key, e->length, e->hash) = *e;
    }
    free(m->entries);
    m->entries = larger.entries;
    m->mask = larger.mask;
}

static int64_t get_or(const struct map *m, const char *key, size_t length, int64_t absent)
{
    const struct entry *e = find(m, key, length, hash_of(key, length));
    return e->key != NULL ? e->value : absent;
}

static void set(struct map *m, const char *key, size_t length, int64_t value)
{
    uint64_t hash = hash_of(key, length);
    struct entry *e = find(m, key, length, hash);
    if (e->key != NULL) {
        e->value = value;
        return;
    }
    *e = (struct entry){strndup(key, length), length, hash, value};
    if ((uint64_t)++m->length * 4 > (m->mask + 1) * 3)
        grow(m);
}

static char *make_text(void)
{
    char *text = malloc(10000 * 24), *to = text;
    int64_t random = 42;
    for (int64_t i = 0; i < 10000; i++) {
        random = random * 16807 % 2147483647;
        to += sprintf(to, "%sword%lld", i > 0 ? " " : "", (long long)(random % 2000 * 7919));
    }
    return text;
}

static void count_words(struct map *counts, const char *text)
{
    for (;;) {
        const char *end = strchr(text, ' ');
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        set(counts, text, length, get_or(counts, text, length, 0) + 1);
        if (end == NULL)
            return;
        text = end + 1;
    }
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    char *text = make_text();
    struct map counts = with_room(16);
    for (int64_t round = 0; round < rounds; round++)
        count_words(&counts, text);
    const char *word = "";
    int64_t most = 0;
    for (uint64_t i = 0; i <= counts.mask; i++) {
        const struct entry *e = &counts.entries[i];
        if (e->key != NULL
            && (e->value > most || (e->value == most && strcmp(e->key, word) < 0))) {
            word = e->key;
            most = e->value;
        }
    }
    printf("%lld %s %lld\n", (long long)counts.length, word, (long long)most);
    for (uint64_t i = 0; i <= counts.mask; i++)
        free(counts.entries[i].key);
    free(counts.entries);
    free(text);
    return 0;
}
