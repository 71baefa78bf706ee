//! Running the `test` and `bench` blocks of programs.
//!
//! A test is a program of its own: it is launched on a node that is alone in its network. The
//! engine of that node ([`engine`]) answers what only a test may ask for: simulated networks
//! ([`nets`]), in which it launches what the test injects.
//!
//! | module | what it does |
//! | --- | --- |
//! | `find`, `suite` | finds files and compiles their tests |
//! | `engine`, `stage`, `nets`, `question`, `answer` | what a test sees |
//! | `case` | runs one test |
//! | `workers` | runs many at a time, results in order |
//! | `verdict`, `comparison`, `report` | what came of it, for people and for programs |
//! | `measure` | runs a bench again and again |

mod answer;
pub(crate) mod case;
mod comparison;
mod engine;
pub(crate) mod find;
mod measure;
mod nets;
mod question;
pub(crate) mod report;
mod stage;
pub(crate) mod suite;
pub(crate) mod verdict;
pub(crate) mod workers;

pub(crate) use measure::Measured;
