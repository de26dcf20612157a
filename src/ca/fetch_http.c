/* SPDX-License-Identifier: PostgreSQL */
/* One download over verified HTTPS, by libcurl: strict, bounded, and nothing half done. */
#include "core/base/base.h"
#include "fetch.h"
#include "host/lazy.h"

#include <openssl/x509_vfy.h>

#include <curl/curl.h>
#include <errno.h>
#include <strings.h>

#undef curl_easy_setopt /* type checks by macros, which a table of functions cannot have */
#undef curl_easy_getinfo

#define CONNECT_MAX_S 20
#define STALL_S       20  /* no more patience with a connection on which */
#define STALL_BYTES   100 /* ... less than this comes in a second */

/* libcurl's functions, by its own names and types. */
struct curl_api {
    HOST_LAZY_FUNCTION(curl_global_init)
    HOST_LAZY_FUNCTION(curl_easy_init)
    HOST_LAZY_FUNCTION(curl_easy_setopt)
    HOST_LAZY_FUNCTION(curl_easy_perform)
    HOST_LAZY_FUNCTION(curl_easy_getinfo)
    HOST_LAZY_FUNCTION(curl_easy_strerror)
    HOST_LAZY_FUNCTION(curl_easy_cleanup)
};

static const struct curl_api *curl_api(void)
{
    static struct curl_api api;
    void *lib = host_lazy_open("libcurl.so.4");

    if (lib == NULL)
        return NULL;
    return HOST_LAZY_FIND(&api, lib, curl_global_init) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_init) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_setopt) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_perform) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_getinfo) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_strerror) &&
                   HOST_LAZY_FIND(&api, lib, curl_easy_cleanup) &&
                   api.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
               ? &api
               : NULL;
}

/* One transfer. */
struct transfer {
    const struct curl_api *api;
    const struct ca_download_options *o;
    CURL *curl;
    CURLcode setup; /* the first option that was refused */
    struct ca_download body;
    size_t cap;
    bool too_long, nomem, stopped;
    bool has_end; /* the answer says where its body ends */
    uint64_t announced;
    char why[CURL_ERROR_SIZE];
};

/* ---- what libcurl calls ------------------------------------------------------------------------
 */

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;

    n *= size;
    if (t->body.n + n > CA_DOWNLOAD_MAX) {
        t->too_long = true;
        return 0;
    }
    if (t->body.n + n > t->cap) {
        size_t cap = (t->body.n + n) * 2;
        uint8_t *more = pgseal__realloc(t->body.bytes, cap);

        if (more == NULL) {
            t->nomem = true;
            return 0;
        }
        t->body.bytes = more;
        t->cap = cap;
    }
    memcpy(t->body.bytes + t->body.n, p, n);
    t->body.n += n;
    return n;
}

/* Content-Length or chunks: without them a body ends where the connection does, wherever that is.
 */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    static const char *const NAMES[] = {"content-length:", "transfer-encoding:"};
    struct transfer *t = ctx;

    n *= size;
    if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) /* the next answer: a proxy's came first */
        t->has_end = false;
    for (size_t i = 0; i < PGSEAL_COUNT(NAMES); i++)
        if (n > strlen(NAMES[i]) && strncasecmp(p, NAMES[i], strlen(NAMES[i])) == 0)
            t->has_end = true;
    return n;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct transfer *t = ctx;

    t->announced = total > 0 ? (uint64_t)total : 0;
    t->stopped = t->o->progress != NULL &&
                 t->o->progress(t->o->ctx, now > 0 ? (uint64_t)now : 0, t->announced);
    return t->stopped ? 1 : 0;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static void set_long(struct transfer *t, CURLoption option, long value)
{
    if (t->setup == CURLE_OK)
        t->setup = t->api->curl_easy_setopt(t->curl, option, value);
}

static void set_ptr(struct transfer *t, CURLoption option, const void *value)
{
    if (t->setup == CURLE_OK)
        t->setup = t->api->curl_easy_setopt(t->curl, option, value);
}

/* Whose word is taken for the host: --cacert, else OpenSSL's variables, else the system's. */
static void set_authorities(struct transfer *t)
{
    const char *file = getenv("SSL_CERT_FILE");
    const char *dir = getenv("SSL_CERT_DIR");

    if (t->o->cacert != NULL) {
        set_ptr(t, CURLOPT_CAINFO, t->o->cacert);
        set_ptr(t, CURLOPT_CAPATH, NULL);
        return;
    }
    if (file != NULL && file[0] != '\0')
        set_ptr(t, CURLOPT_CAINFO, file);
    if (dir != NULL && dir[0] != '\0')
        set_ptr(t, CURLOPT_CAPATH, dir);
}

static void set_callbacks(struct transfer *t)
{
    curl_write_callback body = on_body;
    curl_xferinfo_callback progress = on_progress;
    curl_write_callback header = on_header;

    if (t->setup == CURLE_OK)
        t->setup = t->api->curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, body);
    if (t->setup == CURLE_OK)
        t->setup = t->api->curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, progress);
    if (t->setup == CURLE_OK)
        t->setup = t->api->curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, header);
    set_ptr(t, CURLOPT_HEADERDATA, t);
    set_ptr(t, CURLOPT_WRITEDATA, t);
    set_ptr(t, CURLOPT_XFERINFODATA, t);
    set_long(t, CURLOPT_NOPROGRESS, 0);
    set_ptr(t, CURLOPT_ERRORBUFFER, t->why);
}

static void prepare(struct transfer *t)
{
    long all = t->o->timeout_s;

    set_callbacks(t);
    set_ptr(t, CURLOPT_URL, t->o->url);
    set_ptr(t, CURLOPT_USERAGENT, "pgseal/" PGSEAL_VERSION);
    /* https and nothing else: the scheme was looked at, and libcurl reads the URL once more. */
    set_ptr(t, CURLOPT_DEFAULT_PROTOCOL, "https");
    set_ptr(t, CURLOPT_PROTOCOLS_STR, "https");
    if (t->setup == CURLE_UNKNOWN_OPTION) { /* libcurl before 7.85 */
        t->setup = CURLE_OK;
        set_long(t, (CURLoption)181 /* CURLOPT_PROTOCOLS */, CURLPROTO_HTTPS);
    }
    set_long(t, CURLOPT_FOLLOWLOCATION, 0);
    set_long(t, CURLOPT_SSL_VERIFYPEER, 1);
    set_long(t, CURLOPT_SSL_VERIFYHOST, 2);
    set_long(t, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_authorities(t);
    /* One answer with one length, in the clear form: a body cut short is then seen for sure. */
    set_long(t, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_long(t, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    set_long(t, CURLOPT_NOSIGNAL, 1);
    set_long(t, CURLOPT_TIMEOUT, all);
    set_long(t, CURLOPT_CONNECTTIMEOUT, all < CONNECT_MAX_S ? all : CONNECT_MAX_S);
    set_long(t, CURLOPT_LOW_SPEED_TIME, STALL_S);
    set_long(t, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
}

/* ---- what went wrong ---------------------------------------------------------------------------
 */

static void host_of(const char *url, char *out, size_t cap)
{
    const char *p = strstr(url, "://");
    size_t n;

    p = p != NULL ? p + 3 : url;
    n = strcspn(p, "/?#");
    pgseal__escape(out, cap, p, n, cap);
}

/* A proxy is taken from the environment without a word: when it fails, the word is needed. */
static const char *proxy(void)
{
    static const char *const NAMES[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < PGSEAL_COUNT(NAMES); i++) {
        const char *value = getenv(NAMES[i]);

        if (value != NULL && value[0] != '\0')
            return NAMES[i];
    }
    return NULL;
}

static void seen(const struct transfer *t, struct pgseal_err *err)
{
    char text[CURL_ERROR_SIZE + 40];

    if (t->why[0] != '\0')
        pgseal__detail(err, "%s.", pgseal__escape(text, sizeof(text), t->why, strlen(t->why), 250));
    if (err != NULL && proxy() != NULL)
        pgseal__append(err->detail, sizeof(err->detail),
                       " Environment variable %s names a proxy for this.", proxy());
}

static int unreached(const struct transfer *t, int code, const char *how, struct pgseal_err *err)
{
    char host[300];

    host_of(t->o->shown, host, sizeof(host));
    pgseal__fail(err, code, "could not fetch from \"%s\": %s", host, how);
    seen(t, err);
    pgseal__hint(err, "Try again. Where there is no way out to the Internet, fetch the file "
                      "elsewhere and bring it here: pgseal ca fetch rds --from FILE. For a proxy: "
                      "https_proxy=http://PROXY:PORT in the environment.");
    return code;
}

/* Not the host it should be: what OpenSSL said, in the terms of a refused server. */
static int unverified(const struct transfer *t, struct pgseal_err *err)
{
    long verdict = 0;
    char host[300];
    int code = PGSEAL_E_CERT;

    host_of(t->o->shown, host, sizeof(host));
    t->api->curl_easy_getinfo(t->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    /* libcurl looks at the name first, and has not asked OpenSSL for its verdict when that is
     * another. */
    if (verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED)
        code = PGSEAL_E_CERT_NAME;
    pgseal__fail(err, code, "whoever answers for \"%s\" is not verified, and nothing was fetched",
                 host);
    if (err != NULL && code == PGSEAL_E_CERT)
        err->x509 = (int)verdict;
    seen(t, err);
    pgseal__hint(err,
                 "If a company's proxy opens TLS on the way, name its authority: --cacert FILE. "
                 "Roots that came through it are as good as that proxy: compare them by "
                 "fingerprint. If there is none, somebody else answers: do not go on.");
    return code;
}

static int cut_short(const struct transfer *t, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_CLOSED, "the file ended too early: %zu of %llu bytes", t->body.n,
                 (unsigned long long)t->announced);
    seen(t, err);
    pgseal__hint(err, "Try again.");
    return PGSEAL_E_CLOSED;
}

/* A cut between two certificates could not be told from a smaller bundle. */
static int without_end(const struct transfer *t, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_CLOSED, "whether the file came whole is not known: %zu bytes came",
                 t->body.n);
    pgseal__detail(err, "The answer has neither Content-Length nor chunks: whoever cuts the "
                        "connection chooses where it ends.");
    pgseal__hint(err, "Try again, or another source: --from URL. Amazon's own answers have a "
                      "Content-Length; a proxy on the way may take it away.");
    return PGSEAL_E_CLOSED;
}

static int endless(struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_LIMIT, "the file has more than %u bytes, which no bundle has",
                 CA_DOWNLOAD_MAX);
    pgseal__hint(err, "Look at what the URL gives: it is not a bundle of RDS.");
    return PGSEAL_E_LIMIT;
}

static int told(const struct transfer *t, CURLcode rc, struct pgseal_err *err)
{
    char how[100];

    if (t->nomem || rc == CURLE_OUT_OF_MEMORY)
        return pgseal__nomem(err);
    if (t->too_long)
        return endless(err);
    if (t->stopped)
        return pgseal__fail(err, PGSEAL_E_USAGE, "interrupted");
    switch ((int)rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return unreached(t, PGSEAL_E_RESOLVE, "its name has no address here", err);
    case CURLE_COULDNT_CONNECT:
        return unreached(t, PGSEAL_E_CONNECT, "no connection", err);
    case CURLE_OPERATION_TIMEDOUT:
        pgseal__format(how, sizeof(how), "it took too long (%zu bytes came)", t->body.n);
        return unreached(t, PGSEAL_E_TIMEOUT, how, err);
    case CURLE_PARTIAL_FILE:
        return cut_short(t, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return unverified(t, err);
    case CURLE_SSL_CACERT_BADFILE:
        pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "cannot use the authorities of \"%s\"",
                     t->o->cacert != NULL ? t->o->cacert : "the system");
        seen(t, err);
        pgseal__hint(err, "Name a PEM file of authorities: --cacert FILE.");
        return PGSEAL_E_ROOT_UNUSABLE;
    case CURLE_SSL_CONNECT_ERROR:
        return unreached(t, PGSEAL_E_TLS, "no TLS connection", err);
    default:
        return unreached(t, PGSEAL_E_CLOSED, t->api->curl_easy_strerror(rc), err);
    }
}

/* Another status than 200. Nothing is followed: AWS's own URLs send nobody elsewhere. */
static int wrong_status(const struct transfer *t, long status, struct pgseal_err *err)
{
    char *to = NULL;
    char text[400];

    pgseal__fail(err, PGSEAL_E_HTTP, "%s was answered with status %ld", t->o->shown, status);
    if (err != NULL && (status >= 500 || status == 429))
        err->sys = EAGAIN;
    t->api->curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &to);
    if (status >= 300 && status < 400 && to != NULL) {
        pgseal__detail(err, "It sends us to %s.",
                       pgseal__escape(text, sizeof(text), to, strlen(to), 300));
        pgseal__hint(err, "Nothing is followed. If you know that place, name it: --from URL.");
        return PGSEAL_E_HTTP;
    }
    if (t->body.n > 0 && t->body.bytes != NULL) {
        pgseal_bundle_summary(t->body.bytes, t->body.n, 0, text, sizeof(text));
        pgseal__detail(err, "%s", text);
    }
    if (status == 403 || status == 404)
        pgseal__hint(err, "There is no such file (S3 says 403 for that too). Is the region right? "
                          "pgseal ca known lists those that are.");
    else
        pgseal__hint(err, "%s",
                     status >= 500 || status == 429 ? "Try again later."
                                                    : "Try another source: --from URL.");
    return PGSEAL_E_HTTP;
}

int ca_download(const struct ca_download_options *o, struct ca_download *out,
                struct pgseal_err *err)
{
    struct transfer t = {.api = curl_api(), .o = o};
    CURLcode done;
    long status = 0;
    int rc = 0;

    if (t.api != NULL)
        t.curl = t.api->curl_easy_init();
    if (t.curl == NULL) {
        pgseal__fail(err, PGSEAL_E_UNSUPPORTED, "fetching needs libcurl, which is not there");
        pgseal__hint(err, "Install it (Debian: libcurl4, RHEL and Amazon Linux: libcurl), or fetch "
                          "the file by other means and name it: --from FILE.");
        return PGSEAL_E_UNSUPPORTED;
    }
    prepare(&t);
    if (t.setup != CURLE_OK) {
        pgseal__fail(err, PGSEAL_E_UNSUPPORTED, "this libcurl cannot fetch safely: %s",
                     t.api->curl_easy_strerror(t.setup));
        rc = PGSEAL_E_UNSUPPORTED;
    } else {
        done = t.api->curl_easy_perform(t.curl);
        t.api->curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
        if (done != CURLE_OK)
            rc = told(&t, done, err);
        else if (status != 200)
            rc = wrong_status(&t, status, err);
        else if (!t.has_end)
            rc = without_end(&t, err);
    }
    /* After a stop it would wait for a name server that does not answer; the program ends anyway.
     */
    if (!t.stopped)
        t.api->curl_easy_cleanup(t.curl);
    if (rc < 0) {
        pgseal__free(t.body.bytes);
        return rc;
    }
    if (t.body.bytes == NULL) /* no bytes, and still an answer */
        t.body.bytes = pgseal__alloc(1);
    if (t.body.bytes == NULL)
        return pgseal__nomem(err);
    *out = t.body;
    return 0;
}
