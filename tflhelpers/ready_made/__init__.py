"""What a notebook works on while you have not made your own: functions that return a thing and a sentence.

With these, "Run all" gets to the end in every notebook: your own photos, detector and clip are used when they
are in the project folder, ready-made ones when they are not, and the sentence says which. Once there are photos of
your own, nothing drawn takes their place. `Project` hands out the things and tells the sentences.

    places.py      where photos lie: in the data folder, in the one folder in it, or drawn ones for practice
    photos.py      photos to draw on, to train on, to measure with
    detectors.py   the detector, its training folder, its threshold, proposals
    clips.py       a film or pictures to find things in
    brought.py     what comes from other tools
    bring.py       uploads, frames of a film, iPhone photos
    first_look.py  what a detector of the zoo sees before it learns
    pages.py       a page to try a detector on, and one that shows what it can do
"""
