#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LENGTH = 65536 };

static int64_t table[256];
static uint8_t data[LENGTH];

static void fill_table(void)
{
    for (int64_t byte = 0; byte < 256; byte++) {
        int64_t entry = byte;
        for (int64_t bit = 0; bit < 8; bit++)
            entry = entry & 1 ? 0xEDB88320 ^ entry >> 1 : entry >> 1;
        table[byte] = entry;
    }
}

static int64_t crc(const uint8_t *bytes, int64_t length, int64_t start)
{
    int64_t sum = start ^ 0xFFFFFFFF;
    for (int64_t i = 0; i < length; i++)
        sum = table[(sum ^ bytes[i]) & 0xFF] ^ sum >> 8;
    return sum ^ 0xFFFFFFFF;
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? atoll(argv[1]) : 1;
    fill_table();
    for (int64_t i = 0; i < LENGTH; i++)
        data[i] = (i * 7 + i / 256) & 0xFF;
    int64_t sum = 0;
    for (int64_t round = 0; round < rounds; round++)
        sum = crc(data, LENGTH, sum);
    printf("%lld\n", (long long)sum);
    return 0;
}
