# Draws results.csv as streaming.svg and streaming.png.
set datafile separator ","
set xlabel "factor by which servers become slower"
set ylabel "KB/s"
set yrange [0:280]
set key bottom left
set grid ytics
set xtics (2, 4, 8)
set logscale x 2
set xrange [1.7:9.5]
do for [kind in "svg png"] {
    if (kind eq "svg") { set terminal svg size 800,500 background "white" } else { set terminal pngcairo size 1000,625 }
    set output "streaming.".kind
    plot 256 with lines dashtype 2 linecolor "black" title "no server becomes slow", \
        for [share in "0.60 0.75 0.90"] "results.csv" every ::1 using (strcol(2) eq share ? $1 : NaN):4 with linespoints title "moving below ".share, \
        "results.csv" every ::1 using (strcol(2) eq "0.75" ? $1 : NaN):6 with points pointtype 2 pointsize 1.5 linecolor "black" title "bound for 0.75", \
        "results.csv" every 3::1 using 1:3 with linespoints linecolor "gray" title "without moving"
}
