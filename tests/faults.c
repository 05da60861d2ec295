/* Makes one system call fail, or kills the process right after one: LD_PRELOAD for `tests/faults.py`, `tests/crash.py`.

   Counted are the calls that open, change, sync, rename or unlink something under one folder. The environment
   (FAULT_UNDER, FAULT_AT, FAULT_ERRNO or FAULT_KILL, FAULT_CALLS) arms it at start, `fault_arm` later. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, SYNC = 4, RENAME = 8, UNLINK = 16, TRUNCATE = 32, MKDIR = 64 };
enum { GO_ON, FAIL, KILL };
#define MOST_FILES 65536

static char under[4096];
static size_t length;
static long nth, count;
static int error_number, kills, calls = 127;
static unsigned char ours[MOST_FILES];

void fault_arm(const char *folder, long at, int error, int kill_after, int which) {
    snprintf(under, sizeof under, "%s", folder);
    length = strlen(under);
    nth = at, count = 0, error_number = error, kills = kill_after, calls = which;
}

long fault_count(void) { return count; }

__attribute__((constructor)) static void arm_from_environment(void) {
    const char *folder = getenv("FAULT_UNDER"), *at = getenv("FAULT_AT"), *error = getenv("FAULT_ERRNO");
    const char *which = getenv("FAULT_CALLS");
    if (folder && at)
        fault_arm(folder, atol(at), error ? atoi(error) : 0, getenv("FAULT_KILL") != NULL, which ? atoi(which) : 127);
}

static int below(int directory, const char *path) {
    if (!length || !path) return 0;
    if (path[0] != '/') return directory >= 0 && directory < MOST_FILES && ours[directory];
    return !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

static int is_ours(int file) { return length && file >= 0 && file < MOST_FILES && ours[file]; }

static int strike(int kind, int counts) {
    if (!counts || !(calls & kind) || __sync_add_and_fetch(&count, 1) != nth) return GO_ON;
    if (kills) return KILL;
    errno = error_number;
    return FAIL;
}

static void finish(int struck) {
    if (struck == KILL) kill(getpid(), SIGKILL);
}

static int opened(int file, int counts) {
    if (file >= 0 && file < MOST_FILES) ours[file] = counts != 0;
    return file;
}

#define REAL(type, name, ...)                                                                                         \
    static type (*real)(__VA_ARGS__);                                                                                 \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define CALL(kind, counts, failed, type, call)                                                                        \
    int struck = strike(kind, counts);                                                                                \
    if (struck == FAIL) return failed;                                                                                \
    type result = call;                                                                                               \
    int saved = errno;                                                                                                \
    finish(struck);                                                                                                   \
    errno = saved;                                                                                                    \
    return result

#define MODE(flags)                                                                                                   \
    mode_t mode = 0;                                                                                                  \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                          \
        va_list list;                                                                                                 \
        va_start(list, flags);                                                                                        \
        mode = va_arg(list, mode_t);                                                                                  \
        va_end(list);                                                                                                 \
    }

#define OPENER(name)                                                                                                  \
    int name(const char *path, int flags, ...) {                                                                      \
        MODE(flags)                                                                                                   \
        REAL(int, #name, const char *, int, ...);                                                                     \
        int counts = below(-1, path);                                                                                 \
        CALL(OPEN, counts, -1, int, opened(real(path, flags, mode), counts));                                         \
    }
OPENER(open)
OPENER(open64)

#define OPENER_AT(name)                                                                                               \
    int name(int directory, const char *path, int flags, ...) {                                                       \
        MODE(flags)                                                                                                   \
        REAL(int, #name, int, const char *, int, ...);                                                                \
        int counts = below(directory, path);                                                                          \
        CALL(OPEN, counts, -1, int, opened(real(directory, path, flags, mode), counts));                              \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

#define STREAM(name)                                                                                                  \
    FILE *name(const char *path, const char *how) {                                                                   \
        REAL(FILE *, #name, const char *, const char *);                                                              \
        int counts = below(-1, path), struck = strike(OPEN, counts);                                                  \
        if (struck == FAIL) return NULL;                                                                              \
        FILE *stream = real(path, how);                                                                               \
        if (stream) opened(fileno(stream), counts);                                                                   \
        finish(struck);                                                                                               \
        return stream;                                                                                                \
    }
STREAM(fopen)
STREAM(fopen64)

size_t fwrite(const void *from, size_t size, size_t n, FILE *stream) {
    REAL(size_t, "fwrite", const void *, size_t, size_t, FILE *);
    CALL(WRITE, is_ours(fileno(stream)), 0, size_t, real(from, size, n, stream));
}

ssize_t write(int file, const void *from, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    CALL(WRITE, is_ours(file), -1, ssize_t, real(file, from, n));
}

ssize_t writev(int file, const struct iovec *parts, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    CALL(WRITE, is_ours(file), -1, ssize_t, real(file, parts, n));
}

#define WRITER_AT(name, offset)                                                                                       \
    ssize_t name(int file, const void *from, size_t n, offset at) {                                                   \
        REAL(ssize_t, #name, int, const void *, size_t, offset);                                                      \
        CALL(WRITE, is_ours(file), -1, ssize_t, real(file, from, n, at));                                             \
    }
WRITER_AT(pwrite, off_t)
WRITER_AT(pwrite64, off64_t)

#define ON_FILE(name, kind)                                                                                           \
    int name(int file) {                                                                                              \
        REAL(int, #name, int);                                                                                        \
        CALL(kind, is_ours(file), -1, int, real(file));                                                               \
    }
ON_FILE(fsync, SYNC)
ON_FILE(fdatasync, SYNC)

#define CUTTER(name, offset)                                                                                          \
    int name(int file, offset size) {                                                                                 \
        REAL(int, #name, int, offset);                                                                                \
        CALL(TRUNCATE, is_ours(file), -1, int, real(file, size));                                                     \
    }
CUTTER(ftruncate, off_t)
CUTTER(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    CALL(RENAME, below(-1, to), -1, int, real(from, to));
}

int renameat(int old, const char *from, int new, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    CALL(RENAME, below(new, to), -1, int, real(old, from, new, to));
}

int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    CALL(RENAME, below(new, to), -1, int, real(old, from, new, to, flags));
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    CALL(UNLINK, below(-1, path), -1, int, real(path));
}

int unlinkat(int directory, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    CALL(UNLINK, below(directory, path), -1, int, real(directory, path, flags));
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    CALL(MKDIR, below(-1, path), -1, int, real(path, mode));
}

int close(int file) {
    REAL(int, "close", int);
    if (file >= 0 && file < MOST_FILES) ours[file] = 0;
    return real(file);
}
