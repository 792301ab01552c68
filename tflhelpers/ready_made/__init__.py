"""What a notebook works on while you have not made your own: functions that return a thing and a sentence.

With these, "Run all" gets to the end in every notebook: your own photos, detector and clip are used when they
are in the project folder, ready-made ones when they are not, and the sentence says which. Once there are photos of
your own, nothing drawn takes their place.

    places.py      where photos lie: in the data folder, in the one folder in it, or drawn ones for practice
    photos.py      photo_folder_for, photos_for, scoring_photos_for
    detectors.py   detector_for, training_folder_for, keep_for, threshold_for, proposer_for
    clips.py       clip_for
    brought.py     brought_for
    bring.py       upload_for, film_frames_for, heic_for
    first_look.py  first_look_for
    pages.py       web_demo_for
"""
