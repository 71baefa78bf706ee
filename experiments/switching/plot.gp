# Draws results.csv as switching.svg and switching.png.
set datafile separator ","
set logscale y
set xlabel "state of the service"
set ylabel "gap between two answers, ms (median; bars: least to 90 %)"
set key top left
set grid ytics
set style data yerrorlines
set xrange [5:25]
set xtics ("0 B" 6, "1 KB" 10, "10 KB" 13.3, "100 KB" 16.6, "1 MB" 20, "4 MB" 22, "16 MB" 24)
place(bytes) = bytes > 0 ? log(bytes) / log(2) : 6
do for [kind in "svg png"] {
    if (kind eq "svg") { set terminal svg size 800,500 background "white" } else { set terminal pngcairo size 1000,625 }
    set output "switching.".kind
    plot for [mode in "lazy eager client-held 'kill -9' 'kill -9 client-held'"] \
        "results.csv" every ::1 using (strcol(1) eq mode ? place($2) : NaN):($6 / 1000):($5 / 1000):($7 / 1000) title mode
}
