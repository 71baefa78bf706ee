# Draws results.csv as switching.svg and switching.png.
set datafile separator ","
set logscale y
set xlabel "state of the service"
set ylabel "gap between two answers, ms (median; bars: least to 90 %)"
set key top left
set grid ytics
set style data yerrorlines
label(bytes) = bytes >= 2**20 ? sprintf("%d MB", bytes / 2**20) : bytes >= 2**10 ? sprintf("%d KB", bytes / 2**10) : sprintf("%d B", bytes)
place(bytes) = bytes > 0 ? log(bytes) / log(2) : 6
do for [kind in "svg png"] {
    if (kind eq "svg") { set terminal svg size 800,500 background "white" } else { set terminal pngcairo size 1000,625 }
    set output "switching.".kind
    plot for [mode in "lazy eager client-held 'kill -9' 'kill -9 client-held'"] \
        "results.csv" every ::1 using (strcol(1) eq mode ? place($2) : NaN):($6 / 1000):($5 / 1000):($7 / 1000):xticlabel(label($2)) title mode
}
