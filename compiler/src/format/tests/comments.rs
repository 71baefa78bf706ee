//! Where comments end up.

use super::shown;

shown! { "comments"
    in_a_file: "
//! The module.
//! More of it.
// The first.

//  Alone.


/// Docs.
// between
/// More docs.
tag x: Int // behind
/* a block */
tag y: Int /* behind too */

// The last.
"
    in_blocks: "
fn main() { // behind the brace
    // first

    // second
    f() // behind f

    // before g
    g()

    // last
} // after it

fn empty() {
    // nothing yet
}
fn also_empty() { /* nothing */ }
"
    in_lists: "
fn f(
    a: Int, // the first
    // before the second
    b: Int // the second
) {
    let xs = [
        1, // one

        // two
        2,
        3 // three
        // the end
    ]
    g(a, // a comment in a call
      b)
    g( // behind the bracket
      a)
    g(/* name */ a, b /* c */)
    g(
        // nothing
    )
    h([1, /* two */ 2]) // behind
}
"
    in_matches: "
fn main() {
    match x { // behind
        // before the first
        1 => a // behind a
        2 => b, // behind b

        // before the rest
        _ => { // behind the brace
            c
        }
        // the end
    }
}
"
    in_declarations: "
struct P { // behind
    x: Int, // the first
    /// Docs of y.
    y: Int // the second
    // the end
}
enum E {
    A // a
    // before b
    B(Int) // b
}
import a { // names
    x, // one
    y
}
"
    in_chains: "
fn main() {
    let a = b // first
        && c // second
        // third
        && d
    let a = b + // first
        c
    xs
        // the good ones
        .filter(is_good) // not many
        .len()
    if a // why
        && b {
        c
    }
}
"
    around_else: "
fn main() {
    if a {
        b
    } // behind
    // before
    else {
        c
    }
    if a {
        b
    } else { // behind else
        c
    }
    let Some(x) = y // why
        else { return }
}
"
    between_any_tokens: "
fn /* a */ main( /* b */ ) /* c */ -> /* d */ Int {
    let // e
        x /* f */ = // g
        5
    let y = // h
        // i
        some(x)
    return /* j */ x
}
"
    in_columns: "
tag image: [Int]                    // a picture
tag place: (Float, Float)           // from the GPS
tag   fire:   Int     // here
fn f() {
    if a {
        g()                         // apart
    }
    h() // not apart
    i()\t// with a tab
    j()    // alone in its column
    k(1)  // the longest
    k()   // another column
    a_long_name( ) ; // a line that gets shorter
    other(1,2,3,4)   // a line that gets longer
}
"
    over_lines: "
/* one
   two */
fn f() {
    /* three
       four */
    g() /* five
       six */
    h(/* seven
       eight */ 1)
}
"
    after_semicolons: "
fn f() {
    a(); // first
    b(); /* second */ c() // third
    ; // fourth
}
"
}
