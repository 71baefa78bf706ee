# Draws results.csv as overhead.svg and overhead.png.
set datafile separator ","
set style data histograms
set style fill solid 0.7
set grid ytics
set xtics rotate by -35
do for [kind in "svg png"] {
    if (kind eq "svg") { set terminal svg size 900,420 background "white" } else { set terminal pngcairo size 1125,525 }
    set output "overhead.".kind
    set multiplot layout 1,3
    unset key
    set yrange [0:*]
    set title "stream, MB/s"
    plot "results.csv" every ::1 using 2:xticlabel(1)
    set title "processor time, s/GB"
    plot "results.csv" every ::1 using 3:xticlabel(1)
    set title "1 KB round trip, median, µs"
    plot "results.csv" every ::1 using 5:xticlabel(1)
    unset multiplot
}
