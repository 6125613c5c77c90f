"""Voice activity of one speaker, frame by frame: silence, noise, or a voice.

Discord's clients already leave out most silence, so the question is rather *what* is sounding. A voice is
what is loud enough and periodic: vocal folds repeat themselves 70–400 times a second; a keyboard, a cough, a
door or hiss do not. Three tests, the cheap one first:

1. level, against an absolute floor and the speaker's own noise floor;
2. periodicity: the normalised autocorrelation over the lags of human pitch;
3. timbre: enough of the energy lies where formants are. A slamming door and mains hum are periodic, but low.

A voice has to show in two frames running, and is then taken to go on through the consonants between its
vowels. Tones and music from 150 Hz up are periodic too and count as voiced.
"""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

import numpy as np

from audio.formats import DISCORD_FRAME, Samples

MIN_LEVEL_DB = -55.0
"""Quieter than this (dB relative to full scale) is silence, whatever it is."""
ABOVE_FLOOR_DB = 6.0
_FLOOR_START_DB = -70.0
_FLOOR_RISE_DB = 0.06  # per frame: 3 dB a second, so that a fan is forgotten within ten seconds

# 48 → 6 kHz: pitch and the first formants are below 3 kHz, and the search costs 64 times less. Averaging
# eight samples puts a zero on 6 kHz, which would fold onto the lowest frequencies.
_DECIMATION = 8
_HOP = DISCORD_FRAME // _DECIMATION
_AVERAGE = np.full(_DECIMATION, 1 / _DECIMATION, np.float32)
_MIN_LAG = 15  # 400 Hz
_MAX_LAG = 95  # 63 Hz
_WINDOW = _HOP  # the frame itself: in a longer one the pitch of an excited voice moves too much

# y[n] = x[n] − x[n−4]: 2·sin(πf/1500 Hz), full at 750 Hz where first formants are, −9 dB at 80 Hz.
_COMB = 4
_HISTORY = _WINDOW + _MAX_LAG + _COMB

# Chosen on 80 utterances of espeak-ng in ten voices and on fifteen recordings of noise, through Opus at 64
# kbit/s: at 0.5, running speech passes in three frames of four; noise may in one of three, but rarely twice
# alike.
_PERIODIC = 0.5
_CERTAIN = 0.65
_SAME_PITCH = 1.15  # ratio of the lags of two frames; 15 % in 20 ms is the fastest glide of a shout
# Energy of y over energy of x: voiced speech −1 … +3 dB, slamming doors −12 … −7, mains hum −10.
_TIMBRE = 10 ** (-5 / 10)

_NEGLIGIBLE = 1e-9  # −90 dB within the band; far below it, squares underflow to zero and cannot be divided by

_MAX_HOLD = 4  # frames, 80 ms: a fricative between two vowels
_MEASURED_HOLD = 2  # a steady voice is believed without measuring down to here: two frames of three


class Voice(enum.Enum):
    SILENT = "silent"
    NOISE = "noise"
    VOICED = "voiced"


class _Pitch(NamedTuple):
    """How periodic a frame is (0 … 1), and at which lag."""

    strength: float
    lag: int

    def like(self, other: _Pitch) -> bool:
        low, high = sorted((self.lag, other.lag))
        return high < low * _SAME_PITCH


_NO_PITCH = _Pitch(0.0, 0)


class VoiceActivity:
    """The activity of one speaker. Frames come in order; after a pause call `pause`."""

    def __init__(self) -> None:
        self.level_db = -120.0
        """Of the last frame, relative to full scale."""
        self._floor_db = _FLOOR_START_DB
        # Views are made once: making one costs a third of what is done with it.
        history = self._history = np.zeros(_HISTORY, np.float32)  # x, at 6 kHz
        self._kept, self._moved, self._newest = history[:-_HOP], history[_HOP:], history[-_HOP:]
        self._combed, self._uncombed = history[_COMB:], history[:-_COMB]
        self._y = np.zeros(_HISTORY - _COMB, np.float32)
        self._y_now, self._y_before = self._y[_MAX_LAG:], self._y[:-_MIN_LAG]
        self._pitch = _NO_PITCH  # of the last frame that was measured
        self._hold = 0  # frames for which the voice is taken to go on
        self._trust = 0  # what a periodic frame sets `_hold` to; grows as long as they keep coming

    def pause(self) -> None:
        """The speaker stopped: what comes next does not join what was before."""
        if self._pitch is not _NO_PITCH or self._hold:
            self._history[:] = 0.0
            self._pitch = _NO_PITCH
            self._hold = 0

    def push(self, frame: Samples) -> Voice:
        """What `frame` (960 samples, mono 48 kHz) is."""
        level_db = 10.0 * math.log10(float(np.dot(frame, frame)) / DISCORD_FRAME + 1e-12)
        self.level_db = level_db
        self._kept[:] = self._moved
        np.dot(frame.reshape(_HOP, _DECIMATION), _AVERAGE, out=self._newest)
        voice = self._judge(level_db)
        if voice is not Voice.VOICED:
            self._follow_floor(level_db)
        return voice

    def _judge(self, level_db: float) -> Voice:
        if level_db < MIN_LEVEL_DB or level_db < self._floor_db + ABOVE_FLOOR_DB:
            self._pitch = _NO_PITCH
            self._hold = max(0, self._hold - 1)
            return Voice.SILENT
        if self._hold <= _MEASURED_HOLD and self._goes_on():
            self._trust = min(self._trust + 1, _MAX_HOLD) if self._hold else 1
            self._hold = self._trust
            return Voice.VOICED
        if not self._hold:
            return Voice.NOISE
        self._hold -= 1
        return Voice.VOICED

    def _goes_on(self) -> bool:
        """Whether this frame is periodic, and so was the one before."""
        before, self._pitch = self._pitch, self._measure()
        if self._pitch.strength < _PERIODIC:
            return False
        if self._pitch.strength >= _CERTAIN and (self._hold or before.strength >= _CERTAIN):
            return True
        return before.strength >= _PERIODIC and self._pitch.like(before)

    def _measure(self) -> _Pitch:
        now = self._y_now
        np.subtract(self._combed, self._uncombed, out=self._y)
        correlation = np.correlate(self._y_before, now, "valid")  # [k] is the lag _MAX_LAG − k
        best = int(correlation.argmax())
        peak = float(correlation[best])
        energy = float(np.dot(now, now))
        if peak < _NEGLIGIBLE or energy < _TIMBRE * float(np.dot(self._newest, self._newest)):
            return _NO_PITCH
        then = self._y[best : best + _WINDOW]
        return _Pitch(peak / math.sqrt(energy * float(np.dot(then, then))), _MAX_LAG - best)

    def _follow_floor(self, level_db: float) -> None:
        if level_db < self._floor_db:
            self._floor_db += 0.2 * (level_db - self._floor_db)
        else:
            self._floor_db += min(_FLOOR_RISE_DB, level_db - self._floor_db)
