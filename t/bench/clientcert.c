
/*
 * Loaded before h2load, which has no option for a client certificate: each
 * SSL_CTX shows the one that CLIENT_CERT and CLIENT_KEY name.  At the end the
 * CPU time of the process, in nanoseconds, goes to the file CPU_TIME.
 */


#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/ssl.h>


SSL_CTX *
SSL_CTX_new(const SSL_METHOD *method)
{
    SSL_CTX  *ctx;
    SSL_CTX  *(*new_ctx)(const SSL_METHOD *);

    new_ctx = (SSL_CTX *(*)(const SSL_METHOD *)) dlsym(RTLD_NEXT,
                                                       "SSL_CTX_new");
    ctx = new_ctx(method);

    if (ctx == NULL
        || SSL_CTX_use_certificate_chain_file(ctx, getenv("CLIENT_CERT")) != 1
        || SSL_CTX_use_PrivateKey_file(ctx, getenv("CLIENT_KEY"),
                                       SSL_FILETYPE_PEM) != 1)
    {
        fprintf(stderr, "the client certificate cannot be used\n");
        exit(1);
    }

    return ctx;
}


static void __attribute__((destructor))
write_cpu_time(void)
{
    FILE             *file;
    struct timespec   t;

    file = fopen(getenv("CPU_TIME"), "w");

    if (file != NULL && clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0) {
        fprintf(file, "%lld\n", t.tv_sec * 1000000000LL + t.tv_nsec);
        fclose(file);
    }
}
