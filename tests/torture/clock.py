"""A machine clock that steps: a library put in front of the C library's shifts CLOCK_REALTIME of one process."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static volatile long long *shift;
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TORTURE_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) return;
    void *found = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) shift = found;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(which, now);
    if (!done && shift && which == CLOCK_REALTIME) {
        long long ns = (long long)now->tv_sec * 1000000000 + now->tv_nsec + *shift;
        now->tv_sec = ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return done;
}
"""


class SteppingClock:
    """None where there is no C compiler: then the steps of a run are left out, and it says so."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._library = folder / "shift", folder / "clock.so"
        self.set(0)
        compiler = shutil.which("cc") or shutil.which("gcc")
        self.works = compiler is not None
        if compiler is not None:
            (folder / "clock.c").write_text(SOURCE)
            command = [
                compiler,
                "-shared",
                "-fPIC",
                "-o",
                str(self._library),
                str(folder / "clock.c"),
                "-ldl",
            ]
            subprocess.run(command, check=True)

    def set(self, seconds: float) -> None:
        """In place: the process has the file mapped."""
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("<q", int(seconds * 1e9)))

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "TORTURE_CLOCK": str(self._file)} if self.works else {}
