/* Linked into the library when it is built for ThreadSanitizer, between it and Rust's standard library.
 *
 * The standard library comes compiled and without instrumentation. Most of its locks is inlined into what is instrumented; what
 * is not are the ways of a lock that is taken, and waiting for a condition. Seen from outside they order nothing, and every
 * contended lock would look like a race. The linker leads calls to them through here (--wrap, see sanitize.sh), where the checker
 * is told what they order. So nothing needs to be suppressed for locks, neither ours nor those of other crates. */
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *lock);
void __tsan_release(void *lock);

#define NAME2(prefix, symbol) prefix##symbol
#define NAME(prefix, symbol) NAME2(prefix, symbol)
#define WRAPPED(symbol) NAME(__wrap_, symbol)
#define REAL(symbol) NAME(__real_, symbol)

/* Taking a lock that another thread holds. */
#define LOCK(symbol) \
    void REAL(symbol)(void *lock); \
    void WRAPPED(symbol)(void *lock) \
    { \
        REAL(symbol)(lock); \
        __tsan_acquire(lock); \
    }

LOCK(MUTEX_LOCK)
LOCK(RWLOCK_READ)
LOCK(RWLOCK_WRITE)

/* Waiting lets go of the lock and takes it again. */
void REAL(CONDVAR_WAIT)(void *condvar, void *lock);
void WRAPPED(CONDVAR_WAIT)(void *condvar, void *lock)
{
    __tsan_release(lock);
    REAL(CONDVAR_WAIT)(condvar, lock);
    __tsan_acquire(lock);
}

/* A Duration is passed as its two numbers. */
bool REAL(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *lock, uint64_t seconds, uint32_t nanoseconds);
bool WRAPPED(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *lock, uint64_t seconds, uint32_t nanoseconds)
{
    bool in_time;
    __tsan_release(lock);
    in_time = REAL(CONDVAR_WAIT_TIMEOUT)(condvar, lock, seconds, nanoseconds);
    __tsan_acquire(lock);
    return in_time;
}
