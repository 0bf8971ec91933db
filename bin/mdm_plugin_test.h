
/*
 * mdm-plugin-test: loads one plugin without nginx and holds it against test
 * vectors.
 */


#ifndef _MDM_PLUGIN_TEST_H_INCLUDED_
#define _MDM_PLUGIN_TEST_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_plugin_load.h"


/* One vector.  What is wrong is written to `wrong`, a line for each. */

typedef struct {
    const mdm_schema_t       *schema;
    const mdm_schema_type_t  *type;
    json_t                   *json;
    mdm_arena_t               arena;
    FILE                     *wrong;
} mdm_vector_t;


/* mdm_plugin_vector.c: runs the vector of a file, which may be for a type of
 * this plugin alone.  Writes what it is about and what is wrong, both for the
 * caller to free. */
void mdm_plugin_vector(const mdm_schema_t *schema,
    const mdm_plugin_file_t *file, const char *path, char **what,
    char **wrong);

/* mdm_plugin_compare.c */

/* Says where two values differ, the first such place. */
void mdm_plugin_compare(mdm_vector_t *vector, const char *what,
    json_t *expected, json_t *found);

/* Holds a list of what is expected against what was found, in any order: each
 * row of the one has all that its partner says. */
void mdm_plugin_compare_list(mdm_vector_t *vector, const char *what,
    json_t *expected, json_t *found);


#endif /* _MDM_PLUGIN_TEST_H_INCLUDED_ */
