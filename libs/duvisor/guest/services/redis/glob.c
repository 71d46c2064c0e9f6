/* Glob patterns: `*`, `?`, `[a-c]`, `[^a]`, `\` before a character that stands for itself. */
#include "redis.h"

/* Whether the set that begins behind `[` holds c; *at moves to its `]`, or to the last character when it is not closed. */
static bool set_holds(struct slice p, size_t *at, u8 c) {
    size_t i = *at;
    bool negated = i < p.length && p.at[i] == '^', held = false;
    if (negated) i++;
    for (;; i++) {
        if (i >= p.length) {
            i = p.length - 1;
            break;
        }
        if (p.at[i] == '\\' && i + 1 < p.length) {
            if (p.at[++i] == c) held = true;
        } else if (p.at[i] == ']') break;
        else if (i + 2 < p.length && p.at[i + 1] == '-') {
            u8 low = MIN(p.at[i], p.at[i + 2]), high = MAX(p.at[i], p.at[i + 2]);
            if (c >= low && c <= high) held = true;
            i += 2;
        } else if (p.at[i] == c) held = true;
    }
    *at = i;
    return held != negated;
}

/* A mismatch goes back to the last star only: it takes one character more. That suffices, and the time is bounded by the product. */
bool glob_matches(struct slice p, struct slice text) {
    size_t i = 0, t = 0, star = 0, star_text = 0;
    bool starred = false;
    while (t < text.length) {
        bool fits = false;
        if (i < p.length && p.at[i] == '*') {
            starred = true;
            star = ++i;
            star_text = t;
            continue;
        }
        if (i < p.length) {
            if (p.at[i] == '?') fits = true;
            else if (p.at[i] == '[') {
                i++;
                fits = set_holds(p, &i, text.at[t]);
            } else {
                if (p.at[i] == '\\' && i + 1 < p.length) i++;
                fits = p.at[i] == text.at[t];
            }
        }
        if (fits) i++, t++;
        else if (starred) {
            i = star;
            t = ++star_text;
        } else return false;
    }
    while (i < p.length && p.at[i] == '*') i++;
    return i == p.length;
}
