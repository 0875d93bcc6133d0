// A disk that does what a test says, in front of the real one: loaded into a till's process with LD_PRELOAD, it stands
// between SQLite (and the witness file) and the operating system. No root and no kernel module is needed.
//
// TILLSYNC_DISK       folder whose files it watches; all others pass untouched
// TILLSYNC_DISK_LOG   every write, truncation, sync, unlink and rename of them goes there, with its bytes, in order
//
// A text written to FOLDER/.command is an order and is not written: "fail sync 7 5 1" makes the 7th sync from now on end
// with errno 5, once (0: for ever); "short write 7 0 1" writes half and says so; "delay sync 1 800 0" makes each sync take
// 800 ms; "quota 65536" gives the files that much to grow, -1 without end; "told" writes the counters to FOLDER/.told.
// The log of shared memory (-shm) is left alone: it is no file to survive anything.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, READ, OPS };
static const char *NAMES[OPS] = {"", "open", "write", "truncate", "sync", "unlink", "rename", "read"};
#define FDS 4096
#define FILES 4096
enum { NONE = 0, COMMAND = -1 };

struct record { uint32_t op, file; uint64_t offset, length; };
struct order { long nth, value, times; int is_short; };

static int kind[FDS];
static char *names[FILES];
static int files = 1, log_fd = -1;
static char folder[1024];
static size_t folder_length;
static long counts[OPS], quota = -1;
static struct order fails[OPS], delays[OPS];
static int full_next = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, args) static type(*real_##name) args
REAL(int, open64, (const char *, int, ...));
REAL(int, close, (int));
REAL(ssize_t, pwrite64, (int, const void *, size_t, off64_t));
REAL(ssize_t, pread64, (int, void *, size_t, off64_t));
REAL(ssize_t, write, (int, const void *, size_t));
REAL(int, ftruncate64, (int, off64_t));
REAL(int, fsync, (int));
REAL(int, fdatasync, (int));
REAL(int, unlink, (const char *));
REAL(int, rename, (const char *, const char *));

__attribute__((constructor)) static void begin(void) {
#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name)
  FIND(open64); FIND(close); FIND(pwrite64); FIND(pread64); FIND(write); FIND(ftruncate64);
  FIND(fsync); FIND(fdatasync); FIND(unlink); FIND(rename);
  const char *watched = getenv("TILLSYNC_DISK"), *log = getenv("TILLSYNC_DISK_LOG");
  if (watched) snprintf(folder, sizeof folder, "%s", watched);
  folder_length = strlen(folder);
  if (log) log_fd = real_open64(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_watched(const char *path) {
  if (!folder_length || strncmp(path, folder, folder_length)) return 0;
  size_t length = strlen(path);
  if (!strcmp(path + folder_length, "/.told")) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm");
}

static void tell(int op, int file, uint64_t offset, const void *bytes, uint64_t length) {
  if (log_fd < 0) return;
  struct record head = {op, file, offset, length};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, bytes ? length : 0}};
  if (writev(log_fd, parts, 2) < 0) abort();
}

static int file_of(const char *path) {
  for (int at = 1; at < files; at++) if (!strcmp(names[at], path)) return at;
  if (files == FILES) abort();
  names[files] = strdup(path);
  return files++;
}

/** The test's own notes (FOLDER/.../told) are traced, and never fail. */
static int is_note(const char *path) {
  size_t length = strlen(path);
  return length > 5 && !strcmp(path + length - 5, "/told");
}

static int kind_of(int fd) { return fd >= 0 && fd < FDS ? kind[fd] : NONE; }

/** Counts an operation, delays it when ordered, and gives the errno with which it has to fail: 0 for none, -1 for short. */
static int met(int op) {
  counts[op]++;
  struct order *delay = &delays[op], *fail = &fails[op];
  if (delay->nth && counts[op] >= delay->nth && (!delay->times || counts[op] < delay->nth + delay->times)) {
    struct timespec wait = {delay->value / 1000, delay->value % 1000 * 1000000};
    nanosleep(&wait, NULL);
  }
  if (!fail->nth || counts[op] < fail->nth) return 0;
  if (fail->times && counts[op] >= fail->nth + fail->times) return 0;
  return fail->is_short ? -1 : (int)fail->value;
}

static void obey(const char *text, size_t length) {
  char copy[128] = {0}, verb[16], what[16];
  memcpy(copy, text, length < 127 ? length : 127);
  struct order order = {0};
  if (sscanf(copy, "quota %ld", &quota) == 1) return;
  if (!strncmp(copy, "told", 4)) {
    char path[1100], line[256];
    snprintf(path, sizeof path, "%s/.told", folder);
    int at = 0;
    for (int op = OPEN; op < OPS; op++) at += snprintf(line + at, sizeof line - at, "%s %ld\n", NAMES[op], counts[op]);
    int fd = real_open64(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (real_write(fd, line, at) < 0) abort();
    real_close(fd);
    return;
  }
  if (!strncmp(copy, "heal", 4)) {
    memset(fails, 0, sizeof fails), memset(delays, 0, sizeof delays), memset(counts, 0, sizeof counts);
    quota = -1, full_next = 0;
    return;
  }
  if (sscanf(copy, "%15s %15s %ld %ld %ld", verb, what, &order.nth, &order.value, &order.times) != 5) abort();
  for (int op = OPEN; op < OPS; op++) {
    if (strcmp(NAMES[op], what)) continue;
    order.nth += counts[op], order.is_short = !strcmp(verb, "short");
    if (!strcmp(verb, "delay")) delays[op] = order; else fails[op] = order;
    return;
  }
  abort();
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  if (!real_open64) begin();
  int watched = is_watched(path), is_command = watched && !strcmp(path + folder_length, "/.command");
  if (!watched || is_command) {
    int fd = real_open64(path, flags, mode);
    if (fd >= 0 && fd < FDS) kind[fd] = is_command ? COMMAND : NONE;
    return fd;
  }
  pthread_mutex_lock(&lock);
  int error = is_note(path) ? 0 : met(OPEN), fd = -1;
  if (error) errno = error < 0 ? EMFILE : error;
  else fd = real_open64(path, flags, mode);
  if (fd >= 0 && fd < FDS) {
    kind[fd] = file_of(path);
    tell(OPEN, kind[fd], 0, path, strlen(path));
    if (flags & O_TRUNC) tell(TRUNCATE, kind[fd], 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}

int close(int fd) {
  if (!real_close) begin();
  if (fd >= 0 && fd < FDS) kind[fd] = NONE;
  return real_close(fd);
}

static ssize_t put(int fd, const void *bytes, size_t length, off64_t offset) {
  pthread_mutex_lock(&lock);
  int notes = is_note(names[kind[fd]]), error = notes ? 0 : met(WRITE);
  ssize_t done = -1;
  struct stat now;
  if (!error && full_next && !notes) full_next = 0, error = ENOSPC;
  if (!error && !notes && quota >= 0 && !fstat(fd, &now) && offset + (off64_t)length > now.st_size) {
    long grows = offset + (long)length - now.st_size;
    if (grows > quota) error = ENOSPC; else quota -= grows;
  }
  if (error > 0) errno = error;
  else {
    if (error) length = length > 1 ? length / 2 : length, full_next = 1;
    done = real_pwrite64(fd, bytes, length, offset);
    if (done > 0) tell(WRITE, kind[fd], offset, bytes, done);
  }
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (!real_pwrite64) begin();
  return kind_of(fd) > NONE ? put(fd, bytes, length, offset) : real_pwrite64(fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!real_write) begin();
  if (kind_of(fd) == COMMAND) {
    pthread_mutex_lock(&lock);
    obey(bytes, length);
    pthread_mutex_unlock(&lock);
    return length;
  }
  if (kind_of(fd) <= NONE) return real_write(fd, bytes, length);
  off64_t at = lseek64(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
  ssize_t done = put(fd, bytes, length, at);
  if (done > 0) lseek64(fd, at + done, SEEK_SET);
  return done;
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
  if (!real_pread64) begin();
  if (kind_of(fd) <= NONE) return real_pread64(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  int error = met(READ);
  pthread_mutex_unlock(&lock);
  if (error > 0) return errno = error, -1;
  return real_pread64(fd, bytes, error && length > 1 ? length / 2 : length, offset);
}
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }

int ftruncate64(int fd, off64_t length) {
  if (!real_ftruncate64) begin();
  if (kind_of(fd) <= NONE) return real_ftruncate64(fd, length);
  pthread_mutex_lock(&lock);
  struct stat before;
  int error = met(TRUNCATE), done = -1;
  if (fstat(fd, &before)) before.st_size = length;
  if (!error && quota >= 0 && length - before.st_size > quota) error = ENOSPC;
  if (error) errno = error < 0 ? EIO : error;
  else if (!(done = real_ftruncate64(fd, length))) {
    tell(TRUNCATE, kind[fd], length, NULL, 0);
    if (quota >= 0) quota += before.st_size - length;
  }
  pthread_mutex_unlock(&lock);
  return done;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int flush(int fd, int (*real)(int)) {
  if (kind_of(fd) <= NONE) return real(fd);
  pthread_mutex_lock(&lock);
  int error = met(SYNC), done = -1;
  if (error) errno = error < 0 ? EIO : error;
  else if (!(done = real(fd))) tell(SYNC, kind[fd], 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
int fsync(int fd) { if (!real_fsync) begin(); return flush(fd, real_fsync); }
int fdatasync(int fd) { if (!real_fdatasync) begin(); return flush(fd, real_fdatasync); }

int unlink(const char *path) {
  if (!real_unlink) begin();
  if (!is_watched(path)) return real_unlink(path);
  pthread_mutex_lock(&lock);
  struct stat before;
  int is_there = !stat(path, &before), error = met(UNLINK), done = -1;
  if (error) errno = error < 0 ? EIO : error;
  else if (!(done = real_unlink(path))) {
    tell(UNLINK, file_of(path), 0, NULL, 0);
    if (quota >= 0 && is_there) quota += before.st_size;
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int rename(const char *from, const char *to) {
  if (!real_rename) begin();
  int done = real_rename(from, to);
  if (!done && is_watched(to)) tell(RENAME, file_of(from), 0, to, strlen(to));
  return done;
}
