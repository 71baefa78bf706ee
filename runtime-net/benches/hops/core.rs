//! Each end has a processor core for itself, as on two hosts: else what is measured is where the
//! scheduler happened to put them. Where there is one core, both share it.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// This process, and what it starts, keeps to the first core that it may have.
pub(crate) fn keep_to_one() {
    let may = sched_getaffinity(None).expect("every thread has cores");
    let first = (0..CpuSet::MAX_CPU).find(|core| may.is_set(*core));
    let mut one = CpuSet::new();
    one.set(first.expect("it runs on one"));
    sched_setaffinity(None, &one).expect("it may have it");
}

/// This process keeps off the core of the one that started it.
pub(crate) fn keep_to_others() {
    let taken = sched_getaffinity(None).expect("every thread has cores");
    let mut others = CpuSet::new();
    for core in (0..CpuSet::MAX_CPU).filter(|core| !taken.is_set(*core)) {
        others.set(core);
    }
    // It is refused where there are no others.
    let _ = sched_setaffinity(None, &others);
}
