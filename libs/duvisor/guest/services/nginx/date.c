/* Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7). */
#include "nginx.h"

static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void two_digits(char *to, u64 value) {
    to[0] = (char)('0' + value / 10 % 10);
    to[1] = (char)('0' + value % 10);
}

/* Days since 1970 of a date in the Gregorian calendar; years begin in March, so that the leap day is the last. */
static s64 days_of(s64 year, u64 month, u64 day) {
    if (month <= 2) year--;
    u64 era_year = (u64)(year % 400), era = (u64)(year / 400);
    u64 year_day = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return (s64)(era * 146097 + era_year * 365 + era_year / 4 - era_year / 100 + year_day) - 719468;
}

void format_date(s64 seconds, char *to) {
    u64 second = (u64)MAX(seconds, 0), day = second / 86400;
    u64 since = day + 719468; /* days since 1 March of year 0 */
    u64 era = since / 146097, in_era = since % 146097;
    u64 era_year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    u64 year_day = in_era - (365 * era_year + era_year / 4 - era_year / 100);
    u64 m = (5 * year_day + 2) / 153, month = m < 10 ? m + 3 : m - 9;
    u64 year = era_year + era * 400 + (month <= 2);
    memcpy(to, "Day, dd Mon yyyy hh:mm:ss GMT", DATE_LENGTH);
    memcpy(to, days + 3 * ((day + 4) % 7), 3);
    two_digits(to + 5, year_day - (153 * m + 2) / 5 + 1);
    memcpy(to + 8, months + 3 * (month - 1), 3);
    two_digits(to + 12, year / 100);
    two_digits(to + 14, year % 100);
    two_digits(to + 17, second / 3600 % 24);
    two_digits(to + 20, second / 60 % 60);
    two_digits(to + 23, second % 60);
}

static bool number_at(struct slice text, size_t at, size_t length, u64 *value) {
    return parse_u64((struct slice){ text.at + at, length }, value);
}

bool parse_date(struct slice text, s64 *seconds) {
    u64 day, year, hour, minute, second, month = 0;
    char again[DATE_LENGTH];
    if (text.length != DATE_LENGTH || !number_at(text, 5, 2, &day) || !number_at(text, 12, 4, &year) ||
        !number_at(text, 17, 2, &hour) || !number_at(text, 20, 2, &minute) || !number_at(text, 23, 2, &second))
        return false;
    while (month < 12 && memcmp(text.at + 8, months + 3 * month, 3) != 0) month++;
    if (month == 12 || year < 1970) return false;
    *seconds = days_of((s64)year, month + 1, day) * 86400 + (s64)(hour * 3600 + minute * 60 + second);
    /* Only a date that exists, with its day of the week, gives the same text again. */
    format_date(*seconds, again);
    return memcmp(again, text.at, DATE_LENGTH) == 0;
}

const char *current_date(void) {
    static char text[DATE_LENGTH + 1];
    static u64 of = (u64)-1;
    if (of != now_seconds()) {
        of = now_seconds();
        format_date((s64)of, text);
    }
    return text;
}
