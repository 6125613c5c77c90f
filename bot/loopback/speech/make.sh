#!/bin/sh
# Records everything in index.toml anew as 48 kHz mono Ogg Opus. Needs espeak-ng, sox, and a python3 with av.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

level_db=-21   # RMS of the sounding parts, about what a chat client's automatic gain aims at; peaks are near -3 dBFS

speak() {  # name voice pitch speed text
    espeak-ng -v "$2" -p "$3" -s "$4" -w "$work/raw.wav" -- "$5"
    # Cut the silence around it, so that the first sample heard is the first sample spoken.
    sox -R "$work/raw.wav" -r 48000 "$work/cut.wav" gain -6 rate -v highpass 60 \
        silence 1 0.005 0.5% fade l 0.005 reverse silence 1 0.005 0.5% fade l 0.02 reverse pad 0.01 0.02
    # Loudness without the pauses: otherwise a hesitant sentence would come out louder than a fluent one.
    rms=$(sox "$work/cut.wav" -n silence 1 0.02 1% -1 0.05 1% stats 2>&1 | awk '/^RMS lev dB/ {print $NF}')
    gain=$(awk "BEGIN {print $level_db - ($rms)}")
    sox -R "$work/cut.wav" "$work/$1.wav" gain "$gain"
}

burst() {  # seconds colour fade_in effects… : one decaying burst of noise, to standard output as raw floats
    seconds=$1 colour=$2 fade_in=$3
    shift 3
    sox -R -n -t f32 -r 48000 -c 1 - synth "$seconds" "$colour" vol 0.5 "$@" fade l "$fade_in" "$seconds" "$(awk "BEGIN {print $seconds - $fade_in}")"
}

pause() { sox -n -t f32 -r 48000 -c 1 - trim 0 "$1"; }

wave() { sox -R -t f32 -r 48000 -c 1 - "$work/$1.wav" norm "$2"; }  # name peak_db: from standard input

synthesise_noises() {
    # Glottal release, then a breathy tail; twice.
    { burst 0.06 whitenoise 0.004 band 1400 1600; burst 0.28 pinknoise 0.010 band 900 1200; pause 0.18
      burst 0.05 whitenoise 0.004 band 1600 1600; burst 0.22 pinknoise 0.010 band 1000 1200; } | wave cough -6
    # Press and release of some fifteen keys, irregular as typing is.
    for gap in 0.11 0.08 0.17 0.06 0.13 0.31 0.09 0.12 0.07 0.15 0.10 0.42 0.08 0.11 0.14; do
        burst 0.012 whitenoise 0.001 highpass 1800; pause 0.045
        burst 0.008 whitenoise 0.001 highpass 2600 vol 0.5; pause "$gap"
    done | wave keyboard -15
    # The latch, then the leaf in its frame.
    { burst 0.015 whitenoise 0.001 highpass 1200 vol 0.3; pause 0.06
      burst 0.35 brownnoise 0.002 lowpass 400; } | wave door -4
    # An open microphone beside a fan.
    sox -R -n -r 48000 -c 1 "$work/hiss.wav" synth 3 pinknoise vol 0.05 fade l 0.01 3 0.01
    # What a music bot plays: four bars of plucked chords over a bass, 120 a minute.
    for chord in "A2 A3 C4 E4" "F2 F3 A3 C4" "C3 G3 C4 E4" "G2 G3 B3 D4"; do
        set -- $chord
        for beat in 1 2 3 4; do
            sox -R -n -t f32 -r 48000 -c 1 - synth 0.5 pluck "$1" pluck "$2" pluck "$3" pluck "$4" remix - fade l 0.002 0.5 0.02
        done
    done | wave music -9
}

python3 - <<'PYTHON' > "$work/sentences"
import tomllib
for name, entry in tomllib.load(open("index.toml", "rb")).items():
    if "text" in entry:
        print(name, entry["voice"], entry["pitch"], entry["speed"], entry["text"], sep="|")
PYTHON
while IFS='|' read -r name voice pitch speed text; do
    speak "$name" "$voice" "$pitch" "$speed" "$text"
done < "$work/sentences"
synthesise_noises

python3 - "$work" <<'PYTHON'
import sys, tomllib, av
for name in tomllib.load(open("index.toml", "rb")):
    with (
        av.open(f"{sys.argv[1]}/{name}.wav") as source,
        av.open(f"{name}.opus", "w", format="ogg", options={"fflags": "+bitexact"}) as target,
    ):
        stream = target.add_stream("libopus", rate=48000, layout="mono", bit_rate=48000)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
PYTHON
