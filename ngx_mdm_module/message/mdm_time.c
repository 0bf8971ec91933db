
/* Reading and writing a time. */


#include <time.h>

#include "mdm_time.h"


/* 400 years; from 0000-03-01; none that a year of four digits has */
#define MDM_TIME_ERA_DAYS      146097
#define MDM_TIME_DAYS_TO_1970  719468
#define MDM_TIME_NO_DAY        INT64_MAX


static int64_t mdm_time_days(mdm_str_t *s);
static int64_t mdm_time_fraction(mdm_str_t *s);
static bool mdm_time_zone(mdm_str_t s, int *zone);
static int mdm_time_digits(mdm_str_t *s, size_t n, char after);
static char *mdm_time_put(char *text, int value, int unit, char after);


mdm_rc_e
mdm_time_read(mdm_str_t s, int64_t *micros)
{
    int      hour, minute, second, zone;
    int64_t  days, fraction;

    days = mdm_time_days(&s);
    hour = mdm_time_digits(&s, 2, ':');
    minute = mdm_time_digits(&s, 2, ':');
    second = mdm_time_digits(&s, 2, '\0');
    fraction = mdm_time_fraction(&s);

    if (days == MDM_TIME_NO_DAY || fraction < 0
        || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 60
        || !mdm_time_zone(s, &zone))
    {
        return MDM_MALFORMED;
    }

    *micros = (((days * 24 + hour) * 60 + minute - zone) * 60 + second)
              * 1000000 + fraction;

    return MDM_OK;
}


/* The day, counted from 1970 in eras of 400 years that begin with March. */

static int64_t
mdm_time_days(mdm_str_t *s)
{
    int   year, month, day, era, of_era, of_year;
    bool  leap;

    static const int  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    year = mdm_time_digits(s, 4, '-');
    month = mdm_time_digits(s, 2, '-');
    day = mdm_time_digits(s, 2, 'T');
    leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (year < 1 || month < 1 || month > 12 || day < 1
        || day > days[month - 1] + (month == 2 && leap))
    {
        return MDM_TIME_NO_DAY;
    }

    year -= month <= 2;
    era = year / 400;
    of_era = year % 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (int64_t) era * MDM_TIME_ERA_DAYS + of_era * 365 + of_era / 4
           - of_era / 100 + of_year - MDM_TIME_DAYS_TO_1970;
}


/* Microseconds, 0 when there is no fraction; negative when it has no digit. */

static int64_t
mdm_time_fraction(mdm_str_t *s)
{
    size_t   n;
    int64_t  fraction, unit;

    if (s->len == 0 || s->data[0] != '.') {
        return 0;
    }

    fraction = 0;
    unit = 1000000;

    for (n = 1; n < s->len && s->data[n] >= '0' && s->data[n] <= '9'; n++) {
        unit /= 10;
        fraction += (s->data[n] - '0') * unit;
    }

    s->data += n;
    s->len -= n;

    return n == 1 ? -1 : fraction;
}


/* Minutes to the east. */

static bool
mdm_time_zone(mdm_str_t s, int *zone)
{
    int   hours, minutes;
    char  sign;

    *zone = 0;

    if (mdm_str_eq_c(s, "Z")) {
        return true;
    }

    if (s.len != 6 || (s.data[0] != '+' && s.data[0] != '-')) {
        return false;
    }

    sign = (char) s.data[0];
    s.data++;
    s.len--;
    hours = mdm_time_digits(&s, 2, ':');
    minutes = mdm_time_digits(&s, 2, '\0');

    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }

    *zone = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);

    return true;
}


/* Takes n digits and the character after them, unless that is NUL; negative
 * when they are not there. */

static int
mdm_time_digits(mdm_str_t *s, size_t n, char after)
{
    int     value;
    size_t  i, len;

    len = n + (after != '\0');
    value = 0;

    if (s->len < len || (after != '\0' && s->data[n] != (unsigned char) after))
    {
        s->len = 0;
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (s->data[i] < '0' || s->data[i] > '9') {
            s->len = 0;
            return -1;
        }

        value = value * 10 + s->data[i] - '0';
    }

    s->data += len;
    s->len -= len;

    return value;
}


mdm_rc_e
mdm_time_write(int64_t seconds, char *text)
{
    time_t     t;
    struct tm  tm;

    t = seconds;

    if (seconds < MDM_TIME_FIRST || seconds > MDM_TIME_LAST
        || gmtime_r(&t, &tm) == NULL)
    {
        return MDM_MALFORMED;
    }

    text = mdm_time_put(text, tm.tm_year + 1900, 1000, '-');
    text = mdm_time_put(text, tm.tm_mon + 1, 10, '-');
    text = mdm_time_put(text, tm.tm_mday, 10, 'T');
    text = mdm_time_put(text, tm.tm_hour, 10, ':');
    text = mdm_time_put(text, tm.tm_min, 10, ':');
    text = mdm_time_put(text, tm.tm_sec, 10, 'Z');
    *text = '\0';

    return MDM_OK;
}


/* As many digits as `unit` has, and the character after them. */

static char *
mdm_time_put(char *text, int value, int unit, char after)
{
    for ( ; unit > 0; unit /= 10) {
        *text++ = (char) ('0' + value / unit % 10);
    }

    *text++ = after;

    return text;
}
