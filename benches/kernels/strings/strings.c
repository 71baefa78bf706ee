#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 1000 };

static char *copy(const char *from, size_t length)
{
    char *to = malloc(length + 1);
    memcpy(to, from, length);
    to[length] = '\0';
    return to;
}

static char *join(char **parts, size_t count, const char *separator)
{
    size_t between = strlen(separator), length = 0;
    for (size_t i = 0; i < count; i++)
        length += strlen(parts[i]) + (i > 0 ? between : 0);
    char *text = malloc(length + 1), *to = text;
    for (size_t i = 0; i < count; i++) {
        size_t part = strlen(parts[i]);
        if (i > 0) {
            memcpy(to, separator, between);
            to += between;
        }
        memcpy(to, parts[i], part);
        to += part;
    }
    *to = '\0';
    return text;
}

static size_t split(const char *text, const char *separator, char **parts)
{
    size_t between = strlen(separator), count = 0;
    const char *end;
    while ((end = strstr(text, separator)) != NULL) {
        parts[count++] = copy(text, end - text);
        text = end + between;
    }
    parts[count++] = copy(text, strlen(text));
    return count;
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    int64_t length = 0, sevens = 0;
    char *parts[PARTS];
    for (int64_t round = 0; round < rounds; round++) {
        for (int64_t i = 0; i < PARTS; i++) {
            char part[80];
            int written = snprintf(part, sizeof part, "item %lld of %lld: %lld", (long long)i,
                                   (long long)round, (long long)(i * round % 1000));
            parts[i] = copy(part, written);
        }
        char *text = join(parts, PARTS, ", ");
        for (int64_t i = 0; i < PARTS; i++)
            free(parts[i]);
        length += strlen(text);
        size_t count = split(text, ", ", parts);
        for (size_t i = 0; i < count; i++) {
            size_t end = strlen(parts[i]);
            if (end > 0 && parts[i][end - 1] == '7')
                sevens++;
            free(parts[i]);
        }
        free(text);
    }
    printf("%lld %lld\n", (long long)length, (long long)sevens);
    return 0;
}
