/* Nginx-like: static files over HTTP/1.0 and 1.1 (RFC 9110, RFC 9112). Types and prototypes by file. */
#ifndef SERVICES_NGINX_H
#define SERVICES_NGINX_H

#include "../common/loop.h"

#define REQUEST_LINE_MAX 4096 /* beyond it: 414 */
#define HEAD_MAX 8192         /* with all fields; beyond it: 431 */
#define FIELDS_MAX 100
#define BODY_MAX (1ul << 20) /* read and dropped; beyond it: 413 */
#define RANGES_MAX 16        /* more in one request: the whole file */
#define PATH_MAX 4608

extern const char *document_root;
extern u64 timeout_ms;

/* A request's head: slices of the input buffer. */
struct request {
    struct slice method, target;
    int minor; /* HTTP/1.x */
    bool head_only;
    bool keep_alive, chunked, continue_expected, expectation_unknown;
    u64 body_bytes;
    /* Fields of conditions and ranges; length 0 and `at` NULL when absent. */
    struct slice range, if_range, if_match, if_none_match, if_modified_since, if_unmodified_since;
};

struct range {
    u64 first, last;
};

/* What is to be sent, decided as soon as the head is there. */
struct answer {
    int status; /* 0: none yet */
    bool head_only, close;
    int file; /* -1: none */
    u64 size; /* of the file */
    s64 modified;
    const char *type;
    struct slice location; /* 301, in a static buffer */
    struct range ranges[RANGES_MAX];
    int range_count; /* 0: all of it */
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_ANSWER };

struct client {
    struct conn conn;
    enum stage stage;
    bool line_checked; /* the request line of a head that is still coming */
    bool asking;       /* inside a request: its time runs */
    /* body */
    bool chunked;
    u64 body_left, body_seen;
    enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER } chunk;
    size_t trailer_bytes;
    /* answer */
    struct answer answer;
    bool sending; /* the file's part of an answer */
    int part;
    u64 at, left; /* bytes of the file in this part */
    u64 boundary;
};

/* request.c: 0, or the status that refuses the request. */
int parse_request_line(struct slice line, struct request *r);
int parse_head(struct slice head, struct request *r);

/* path.c */
/* root + decoded path without "." and ".." into to[PATH_MAX]; its length, or -1 when it is malformed or leaves the root. */
long resolve_path(struct slice target, char *to);
const char *content_type(const char *path, size_t length);
size_t encode_path(const char *path, size_t length, char *to); /* to[3 * length] */

/* date.c */
#define DATE_LENGTH 29
void format_date(s64 seconds, char *to);             /* to[DATE_LENGTH], IMF-fixdate */
bool parse_date(struct slice text, s64 *seconds);
const char *current_date(void);

/* conditions.c */
size_t format_etag(const struct answer *a, char *to); /* to[40] */
/* 0: send it; 304 or 412. */
int check_conditions(const struct request *r, const struct answer *a);
/* Sets a->ranges. 200, 206 or 416. */
int select_ranges(const struct request *r, struct answer *a);

/* answer.c */
void decide(struct client *c, const struct request *r); /* fills c->answer */
void refuse(struct client *c, int status, bool head_only); /* an error that ends the connection */
void put_answer(struct client *c);                      /* head, and body unless it is the file's */
enum sent send_file(struct conn *conn);
void drop_answer(struct client *c);

/* body.c: takes a request's body from the input. 1: complete, 0: more needed, < 0: minus the status that refuses it. */
int take_body(struct client *c);

#endif
