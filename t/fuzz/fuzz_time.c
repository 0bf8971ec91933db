
/*
 * Times: what is read is the same as the C library says, and the same again
 * when it is written anew.
 */


#include <time.h>

#include "fuzz.h"
#include "message/mdm_time.h"


static void
fuzz_again(int64_t micros)
{
    char        text[64];
    time_t      seconds;
    int64_t     again, fraction;
    mdm_str_t   s;
    struct tm   tm;

    fraction = (micros % 1000000 + 1000000) % 1000000;
    seconds = (time_t) ((micros - fraction) / 1000000);

    fuzz_expect(gmtime_r(&seconds, &tm) != NULL);

    /* a zone may lead out of the years that can be written */

    if (tm.tm_year + 1900 < 1 || tm.tm_year + 1900 > 9999) {
        return;
    }

    s.data = (unsigned char *) text;
    s.len = (size_t) snprintf(text, sizeof(text),
                              "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                              tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                              tm.tm_hour, tm.tm_min, tm.tm_sec,
                              (int) fraction);

    fuzz_expect(mdm_time_read(s, &again) == MDM_OK);
    fuzz_expect(again == micros);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t  micros;

    if (mdm_time_read(fuzz_input(data, size), &micros) == MDM_OK) {
        fuzz_expect(size >= sizeof("2026-05-04T08:15:00Z") - 1);
        fuzz_again(micros);
    }

    return 0;
}
