"""What a picture shows, as a whole: your pictures sorted into classes, a classifier for them, and a judgement of it.

- `labelled`: `labelled_photos`, pictures with a class each, from folders, a CSV file or boxes (`class_folders`,
  `class_table`, `class_boxes`, `label_checks`)
- `looks_apart`: a split that never puts near duplicates on both sides
- `classifier`: `Classifier` (`backbones`, `predictions`, `activation`, `classifier_folder`)
- `fitting`: `fit_classifier` (`embeddings`, `linear_head`, `fine_tuning`, `temperature`, `fit_history`)
- `judgement`: `evaluate_classifier` (`scored`, `judgement_plots`, `wrong_gallery`)
- `own_or_drawn`: `labelled_photos_for`, what the notebook works on
"""
