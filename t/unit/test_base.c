
/* Memory for libraries that do not wipe theirs. */


#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_base.h"


static void
what_is_in_it_moves(void **state)
{
    char    *p;
    size_t   size;

    p = mdm_realloc(NULL, 4);
    memcpy(p, "text", 4);

    for (size = 16; size <= 1024 * 1024; size *= 4) {
        p = mdm_realloc(p, size);
        assert_non_null(p);
        assert_true(malloc_usable_size(p) >= size);
        assert_memory_equal(p, "text", 4);
        memset(p + 4, 'x', size - 4);
    }

    assert_ptr_equal(mdm_realloc(p, 8), p);

    mdm_free(p);
    mdm_free(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_is_in_it_moves)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
