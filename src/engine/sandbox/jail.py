"""Runs one Python program that a model wrote, where it can do no harm, and says what became of it.

A request (JSON) comes on standard input, the answer (one JSON object) goes to standard output; sandbox.ts is the other side.
This process supervises; the program runs in a child of it that has first locked itself in, by one of these methods:

namespaces  a root of its own (the system's libraries and Python, read-only; an empty folder in memory), and namespaces of
            its own for processes, network and IPC; made by root, or else in a user namespace.
landlock    Landlock rules (Linux 6.2 and later): the same paths can be read, one empty folder written, nothing else opened.
none        limits only; for who asks for it.

With the first two, a seccomp filter refuses new processes and programs, sockets, signals to others, and what changes the
system; the user is nobody where we are root, all capabilities are dropped, and new ones cannot be had.

Only the standard library: no packages of the system, so that a program's verdict does not depend on what is installed.
"""
import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
import time

NOBODY = 65534
WORK = "/program"
"""The empty folder, where the program has a root of its own."""

OUT_OF_MEMORY_STATUS = 97
"""Exit status of a program that has not even the memory to report."""

LAST_SYSTEM_CALL = 462
"""What came later (numbers are the same on all processors) is answered as an older kernel would: there is no such call."""


class SetupError(Exception):
    """The wall could not be built; nothing was run."""


# --- supervisor -----------------------------------------------------------------------------------------------------------

def main():
    # Ctrl-C at a terminal reaches all of its processes; when to stop is the other side's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = json.load(sys.stdin)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    try:
        answer = supervise(request)
    except SetupError as error:
        answer = {"setup": str(error)}
    print(json.dumps(answer))


def supervise(request):
    output, output_end = os.pipe()
    report, report_end = os.pipe()
    wake, wake_end = os.pipe()
    os.set_blocking(wake_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    enter_process_namespace(request["method"])
    nonce = os.urandom(16)
    child = os.fork()
    if child == 0:
        run_child(request, output_end, report_end, nonce)
    os.close(output_end)
    os.close(report_end)
    watch = Watch(child, request)
    try:
        status = watch.until_end(output, report, wake)
    finally:
        if request["method"] == "none":
            kill_group(child)
    return conclude(watch, status, bytes(watch.report), nonce)


class Watch:
    """What a running program says and uses; ends it where that is too much."""

    def __init__(self, child, request):
        self.child = child
        self.limits = request["limits"]
        self.folder = None if request["method"] == "namespaces" else request["folder"]
        self.said = bytearray()
        self.said_bytes = 0
        self.report = bytearray()
        self.stopped = None
        self.usage = None
        """Known once the program has ended; from then on its number may be another's."""
        self.started = time.monotonic()

    def until_end(self, output, report, wake):
        open_pipes = {output, report}
        while True:
            ready = select.select([*open_pipes, wake], [], [], 0.02)[0]
            for pipe in ready:
                data = os.read(pipe, 65536)
                if not data:
                    open_pipes.discard(pipe)
                elif pipe == output:
                    self.heard(data)
                elif pipe == report and len(self.report) < 65536:
                    self.report += data
            ended, status, usage = os.wait4(self.child, os.WNOHANG)
            if ended:
                self.usage = usage
                self.drain(output, report, open_pipes)
                return status
            self.check()

    def drain(self, output, report, open_pipes):
        """What still stands in the pipes; they end with the program, unless it left others behind (method none)."""
        while open_pipes:
            ready = select.select([*open_pipes], [], [], 0.1)[0]
            if not ready:
                return
            for pipe in ready:
                data = os.read(pipe, 65536)
                if not data:
                    open_pipes.discard(pipe)
                elif pipe == output:
                    self.heard(data)
                    if self.stopped:
                        return
                elif len(self.report) < 65536:
                    self.report += data

    def heard(self, data):
        self.said = (self.said + data)[-self.limits["shownBytes"]:]
        self.said_bytes += len(data)
        if self.said_bytes > self.limits["outputBytes"]:
            self.stop("too-much-output", "it said more than %d bytes" % self.limits["outputBytes"])

    def check(self):
        wall = time.monotonic() - self.started
        if wall - waited_for_processor(self.child) > self.limits["seconds"]:
            self.stop("timed-out", "it took more than %g s" % self.limits["seconds"])
        elif wall > self.limits["wallSeconds"]:
            self.stop("timed-out", "it took more than %g s by the clock" % self.limits["wallSeconds"])
        elif self.folder is not None and self.wrote_too_much():
            self.stop("failed", "it wrote more files, or larger ones, than it may")

    def wrote_too_much(self):
        """Of what lies in the folder itself: with Landlock no folder can be made in it."""
        files = size = 0
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    files += 1
                    try:
                        size += entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        pass
        except FileNotFoundError:
            return False  # it removed its own folder (method none)
        return files > self.limits["files"] or size > self.limits["fileBytes"]

    def stop(self, outcome, detail):
        if self.stopped is None:
            self.stopped = (outcome, detail)
        if self.usage is None:
            os.kill(self.child, signal.SIGKILL)


def waited_for_processor(process):
    """Seconds that the program was ready to run and others had the processor: on a busy machine they are not its own. 0 where
    the kernel does not tell."""
    try:
        with open("/proc/%d/schedstat" % process) as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0


def conclude(watch, status, report, nonce):
    said = watch.said.decode("utf-8", "replace")
    if watch.stopped is not None:
        return answer(watch.stopped[0], watch.stopped[1], said)
    if report.startswith(nonce):
        try:
            told = json.loads(report[len(nonce):])
        except ValueError:
            return answer("failed", "it wrote into what its verdict is told by", said)
        if "setup" in told:
            raise SetupError(told["setup"])
        return answer(told["outcome"], told["detail"], said)
    if os.WIFSIGNALED(status):
        used = watch.usage.ru_utime + watch.usage.ru_stime
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU or (number == signal.SIGKILL and used >= watch.limits["seconds"]):
            return answer("timed-out", "it took more than %g s of the processor" % watch.limits["seconds"], said)
        if number == signal.SIGKILL:
            return answer("out-of-memory", "the system ended it, most likely for want of memory", said)
        return answer("failed", "ended by %s" % signal.Signals(number).name, said)
    if os.WEXITSTATUS(status) == OUT_OF_MEMORY_STATUS:
        return answer("out-of-memory", "MemoryError", said)
    return answer("failed", "it ended before its tests were through, with exit status %d" % os.WEXITSTATUS(status), said)


def answer(outcome, detail, said):
    return {"outcome": outcome, "detail": detail, "said": said}


def kill_group(child):
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


# --- the program's own process --------------------------------------------------------------------------------------------

def run_child(request, output, report, nonce):
    """Never returns, never lets an error pass into the supervisor's code."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(report, 100)
        os.closerange(3, 100)
        os.closerange(101, 4096)
        try:
            lock_in(request)
        except (SetupError, OSError) as error:
            tell(nonce, {"setup": str(error)})
            os._exit(1)
        tell(nonce, run_program(request["program"]))
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY_STATUS)
    finally:
        os._exit(1)


def tell(nonce, what):
    os.write(100, nonce + json.dumps(what).encode())


def run_program(program):
    """As HumanEval's own harness: executed with empty globals, passed where the end is reached without an exception."""
    try:
        exec(compile(program, "<program>", "exec"), {})
        result = {"outcome": "passed", "detail": ""}
    except MemoryError:
        result = {"outcome": "out-of-memory", "detail": "MemoryError"}
    except BaseException as error:
        result = {"outcome": "failed", "detail": describe(error)}
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        pass
    return result


def describe(error):
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        words = str(error)[:1000]
    except BaseException:
        words = ""
    where = "" if line is None else " (line %d)" % line
    return "%s%s%s" % (type(error).__name__, ": " + words if words else "", where)


def lock_in(request):
    method = request["method"]
    end_with_parent()
    if method == "namespaces":
        enter_own_root(request)
    elif method == "landlock":
        restrict_paths(request)
    else:
        os.chdir(request["folder"])
    set_limits(request["limits"], method)
    if method != "none":
        drop_privileges()
        end_with_parent()
        install_filter()


def set_limits(limits, method):
    processor = int(limits["seconds"]) + 1
    own = {
        resource.RLIMIT_AS: limits["memoryBytes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: processor,
        resource.RLIMIT_FSIZE: limits["fileBytes"],
        resource.RLIMIT_NOFILE: 128,
        resource.RLIMIT_STACK: 8 << 20,
    }
    if method == "none":
        # Any process more than this user has already: none, for all but root.
        own[resource.RLIMIT_NPROC] = 1
    for which, most in own.items():
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(which, (most, most))


# --- system calls ---------------------------------------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2


def check(what, result):
    if result < 0:
        number = ctypes.get_errno()
        raise SetupError("%s: %s" % (what, os.strerror(number)))
    return result


def prctl(option, value):
    zero = ctypes.c_ulong(0)
    check("prctl %d" % option, libc.prctl(option, value, zero, zero, zero))


def end_with_parent():
    """A change of the user takes it back, so it is asked for again after that."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def enter_process_namespace(method):
    """Of the supervisor's children, not of itself: the first of them is all that there is, and with it all ends."""
    if method != "namespaces":
        return
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWPID if user == 0 else CLONE_NEWPID | CLONE_NEWUSER
    check("unshare", libc.unshare(flags))
    if user != 0:
        write_file("/proc/self/setgroups", "deny")
        write_file("/proc/self/uid_map", "%d %d 1" % (NOBODY, user))
        write_file("/proc/self/gid_map", "%d %d 1" % (NOBODY, group))


def write_file(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        raise SetupError("%s: %s" % (path, error.strerror))


def mount(source, target, kind, flags, data=None):
    arguments = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    options = None if data is None else data.encode()
    check("mount %s" % target, libc.mount(*arguments, ctypes.c_ulong(flags), options))


def enter_own_root(request):
    check("unshare", libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
    root, limits = request["folder"], request["limits"]
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    os.mkdir(root + WORK)
    options = "size=%d,nr_inodes=%d,mode=700,uid=%d,gid=%d" % (limits["fileBytes"], limits["files"], NOBODY, NOBODY)
    mount("tmpfs", root + WORK, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for path in request["readable"]:
        show_path(root, path)
    mount(None, root, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir(root)
    check("pivot_root", libc.pivot_root(b".", b"."))
    check("umount", libc.umount2(b".", MNT_DETACH))
    os.chdir(WORK)


def show_path(root, path):
    """A folder at its own place under the new root, read-only; a link as a link."""
    shown = root + path
    os.makedirs(os.path.dirname(shown), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), shown)
        return
    os.makedirs(shown, exist_ok=True)
    mount(path, shown, None, MS_BIND)
    # Flags that the mount has already must stay; in a user namespace a mount without them is refused.
    has = os.statvfs(shown).f_flag
    kept = (has & 8) | (has & 1024) | (has & 2048) | ((1 << 21) if has & 4096 else 0)
    mount(None, shown, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | kept)


def drop_privileges():
    """Nobody, where we are root; and no capability, where a user namespace gave us all."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))
    header = struct.pack("=Ii", 0x20080522, 0)
    check("capset", libc.capset(header, bytes(24)))


# --- Landlock -------------------------------------------------------------------------------------------------------------

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_FILE, TRUNCATE = 1, 2, 4, 8, 32, 256, 1 << 14
LEAST_LANDLOCK = 3
"""The first version that knows of truncation."""


def restrict_paths(request):
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < LEAST_LANDLOCK:
        known = "version %d of Landlock" % version if version > 0 else "no Landlock"
        raise SetupError("the kernel has %s; version %d (Linux 6.2) is needed" % (known, LEAST_LANDLOCK))
    files = (1 << 16) - 1 if version >= 5 else (1 << 15) - 1
    network = 3 if version >= 4 else 0
    scope = 3 if version >= 6 else 0
    rules = struct.pack("=QQQ", files, network, scope)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = check("landlock_create_ruleset", libc.syscall(CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0))
    for path in request["readable"]:
        allow(ruleset, path, EXECUTE | READ_FILE | READ_DIR)
    if os.geteuid() == 0:
        os.chown(request["folder"], NOBODY, NOBODY)
    allow(ruleset, request["folder"], READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_FILE | REMOVE_FILE)
    os.chdir(request["folder"])
    prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))
    check("landlock_restrict_self", libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def allow(ruleset, path, access):
    below = os.open(path, os.O_PATH)
    rule = struct.pack("=Qi", access, below)
    check("landlock_add_rule", libc.syscall(ADD_RULE, ruleset, 1, rule, 0))
    os.close(below)


# --- seccomp --------------------------------------------------------------------------------------------------------------

# Numbers of refused calls: x86_64 (arch/x86/entry/syscalls/syscall_64.tbl), aarch64 (include/uapi/asm-generic/unistd.h);
# None where a processor does not have the call.
REFUSED = {
    # New processes and programs. clone is allowed for threads; clone3, whose flags a filter cannot see, does not exist.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # The network, and memory that no limit counts.
    "socket": (41, 198), "socketpair": (53, 199), "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Other processes.
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "kcmp": (312, 272), "setpriority": (141, 140), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    # What Landlock does not rule: modes, owners, times and attributes of files.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "truncate": (76, 45), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "mknod": (133, None), "mknodat": (259, 33), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # Mounts, namespaces, the kernel.
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "acct": (163, 89), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "personality": (135, 92), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219),
}
CLONE, CLONE3, TGKILL = (56, 220), 435, (234, 131)
PRLIMIT, FCNTL, IOCTL = (302, 261), (72, 25), (16, 29)
SETS_OWNER = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX: with them a file sends signals to a process that it names."""
FILE_OWNER = (0x8901, 0x8902)
"""FIOSETOWN, SIOCSPGRP: the same by ioctl."""
PROCESSORS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CLONE_THREAD = 0x10000
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM, ENOSYS = 1, 38


def install_filter():
    machine = os.uname().machine
    if machine not in PROCESSORS or sys.maxsize < 2**32:
        raise SetupError("no seccomp filter is known for %s" % machine)
    instructions = filter_program(*PROCESSORS[machine])
    code = ctypes.create_string_buffer(b"".join(instructions))
    program = struct.pack("HxxxxxxP" if struct.calcsize("P") == 8 else "HP", len(instructions), ctypes.addressof(code))
    holder = ctypes.create_string_buffer(program)
    prctl_filter = libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), holder, 0, 0)
    check("seccomp", prctl_filter)


def filter_program(column, architecture):
    """Classic BPF over struct seccomp_data: number at 0, architecture at 4, the arguments' low halves from 16 on."""
    def load(offset):
        return struct.pack("=HBBI", 0x20, 0, 0, offset)

    def jump(kind, value, if_true, if_false):
        return struct.pack("=HBBI", {"equal": 0x15, "above": 0x25, "bits": 0x45}[kind], if_true, if_false, value)

    def give(what):
        return struct.pack("=HBBI", 0x06, 0, 0, what)

    refuse, absent = REFUSE | EPERM, REFUSE | ENOSYS
    program = [load(4), jump("equal", architecture, 1, 0), give(KILL), load(0)]
    # Above the last known one are the numbers of the x32 interface, too.
    program += [jump("above", LAST_SYSTEM_CALL, 0, 1), give(absent), jump("equal", CLONE3, 0, 1), give(absent)]
    program += [jump("equal", CLONE[column], 0, 4), load(16), jump("bits", CLONE_THREAD, 0, 1), give(ALLOW), give(refuse)]
    program += [jump("equal", TGKILL[column], 0, 4), load(16), jump("equal", os.getpid(), 0, 1), give(ALLOW), give(refuse)]
    # Limits of its own process alone; 0 is itself.
    program += [jump("equal", PRLIMIT[column], 0, 5), load(16), jump("equal", 0, 1, 0), jump("equal", os.getpid(), 0, 1)]
    program += [give(ALLOW), give(refuse)]
    for call, commands in ((FCNTL[column], SETS_OWNER), (IOCTL[column], FILE_OWNER)):
        program += [jump("equal", call, 0, 3 + len(commands)), load(24)]
        program += [jump("equal", command, len(commands) - i, 0) for i, command in enumerate(commands)]
        program += [give(ALLOW), give(refuse)]
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            program += [jump("equal", numbers[column], 0, 1), give(refuse)]
    return [*program, give(ALLOW)]


if __name__ == "__main__":
    main()
