import { readFileSync } from 'node:fs';

/** What Linux shows to programs, whatever the kernel's own tick (USER_HZ): /proc/PID/stat is no finer than 10 ms. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that a process and its threads have used; null where /proc does not tell (proc(5)). */
export function processCpuSeconds(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The program's name comes second, in brackets, and may hold spaces: utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null;
}

/** The sum over several processes; null when there are none or one of them is not to be seen. */
export function totalCpuSeconds(pids: readonly number[]): number | null {
  if (pids.length === 0) return null;
  let total = 0;
  for (const pid of pids) {
    const seconds = processCpuSeconds(pid);
    if (seconds === null) return null;
    total += seconds;
  }
  return total;
}

/** Seconds of CPU of this process with all of its threads, exact to microseconds. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds of CPU that all processes of the machine have used, on all cores; null where /proc does not tell. */
export function machineCpuSeconds(): number | null {
  let text: string;
  try {
    text = readFileSync('/proc/stat', 'latin1');
  } catch {
    return null;
  }
  const [user, nice, system, , , irq, softirq] = (/^cpu +(.+)/.exec(text)?.[1] ?? '').split(' ').map(Number);
  const ticks = [user, nice, system, irq, softirq].reduce<number>((sum, n) => sum + (n ?? Number.NaN), 0);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null;
}
