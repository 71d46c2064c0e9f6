/* Integer work of the kinds that CoreMark mixes: a linked list that is searched and sorted, small matrices, a scanner of
 * numbers written as text, a CRC over the results. */
#include "mine.h"

#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 1200
#endif
#define NODES 200
#define SIDE 18
#define TEXT_BYTES 600

struct node {
    struct node *next;
    int16_t key;
    uint16_t value;
};

struct mine {
    struct node nodes[NODES];
    int16_t left[SIDE][SIDE], right[SIDE][SIDE];
    int32_t product[SIDE][SIDE];
    char text[TEXT_BYTES];
    uint32_t seed;
    volatile uint16_t result;
};

static uint32_t draw(void)
{
    mine->seed ^= mine->seed << 13;
    mine->seed ^= mine->seed >> 17;
    mine->seed ^= mine->seed << 5;
    return mine->seed;
}

static uint16_t crc16(uint16_t crc, uint32_t word)
{
    for (int i = 0; i < 32; i++) {
        uint16_t bit = (crc ^ word) & 1;
        crc >>= 1;
        if (bit)
            crc ^= 0xa001;
        word >>= 1;
    }
    return crc;
}

static struct node *build_list(void)
{
    struct node *head = 0;
    for (int i = 0; i < NODES; i++) {
        mine->nodes[i].key = (int16_t)draw();
        mine->nodes[i].value = (uint16_t)i;
        mine->nodes[i].next = head;
        head = &mine->nodes[i];
    }
    return head;
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_value(const struct node *a, const struct node *b) { return a->value - b->value; }

/* Merge sort, bottom up. */
static struct node *sort(struct node *list, int (*compare)(const struct node *, const struct node *))
{
    for (int width = 1;; width *= 2) {
        struct node *rest = list, *tail = 0;
        int merges = 0;
        list = 0;
        while (rest) {
            struct node *a = rest, *b = rest;
            int na = 0, nb = width;
            merges++;
            while (na < width && b) {
                b = b->next;
                na++;
            }
            while (na > 0 || (nb > 0 && b)) {
                struct node *taken;
                if (na == 0 || (nb > 0 && b && compare(a, b) > 0)) {
                    taken = b;
                    b = b->next;
                    nb--;
                } else {
                    taken = a;
                    a = a->next;
                    na--;
                }
                if (tail)
                    tail->next = taken;
                else
                    list = taken;
                tail = taken;
            }
            rest = b;
        }
        tail->next = 0;
        if (merges <= 1)
            return list;
    }
}

static const struct node *find(const struct node *list, int16_t key)
{
    while (list && list->key != key)
        list = list->next;
    return list;
}

static uint16_t work_list(uint16_t crc)
{
    struct node *list = build_list();
    for (int i = 0; i < 8; i++) {
        const struct node *found = find(list, mine->nodes[draw() % NODES].key);
        crc = crc16(crc, found ? found->value : 0);
    }
    list = sort(list, by_key);
    crc = crc16(crc, (uint32_t)list->key);
    list = sort(list, by_value);
    return crc16(crc, list->value);
}

static uint16_t work_matrix(uint16_t crc)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            mine->left[i][j] = (int16_t)(draw() & 0x3ff);
            mine->right[i][j] = (int16_t)(i * j + 7);
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += mine->left[i][k] * mine->right[k][j];
            mine->product[i][j] = sum;
        }
    int32_t trace = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            trace += mine->product[i][j] > 50000 ? 1 : mine->product[i][j] >> 3;
    return crc16(crc, (uint32_t)trace);
}

enum state { START, SIGN, DIGITS, FRACTION, EXPONENT, BAD, STATES };

static enum state step(enum state state, char c)
{
    switch (state) {
    case START:
        if (c >= '0' && c <= '9')
            return DIGITS;
        return c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : BAD;
    case SIGN:
        if (c >= '0' && c <= '9')
            return DIGITS;
        return c == '.' ? FRACTION : BAD;
    case DIGITS:
        if (c >= '0' && c <= '9')
            return DIGITS;
        return c == '.' ? FRACTION : c == 'e' ? EXPONENT : BAD;
    case FRACTION:
        if (c >= '0' && c <= '9')
            return FRACTION;
        return c == 'e' ? EXPONENT : BAD;
    case EXPONENT:
        return (c >= '0' && c <= '9') || c == '-' ? EXPONENT : BAD;
    default:
        return BAD;
    }
}

static uint16_t work_text(uint16_t crc)
{
    static const char letters[16] = "0123456789+-.e,,";
    uint32_t ends[STATES] = {0};
    for (int i = 0; i < TEXT_BYTES; i++)
        mine->text[i] = letters[draw() & 15];
    enum state state = START;
    for (int i = 0; i < TEXT_BYTES; i++) {
        if (mine->text[i] == ',') {
            ends[state]++;
            state = START;
        } else {
            state = step(state, mine->text[i]);
        }
    }
    for (int i = 0; i < STATES; i++)
        crc = crc16(crc, ends[i]);
    return crc;
}

int main(void)
{
    uint16_t crc = 0xffff;
    mine->seed = 0x2545f491;
    for (int i = 0; i < ROUNDS; i++) {
        crc = work_list(crc);
        crc = work_matrix(crc);
        crc = work_text(crc);
    }
    mine->result = crc;
    return 0;
}
