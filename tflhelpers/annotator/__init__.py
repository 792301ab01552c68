"""Drawing boxes in the notebook: a widget that saves itself.

`widget` is what the notebook shows. `label_store` keeps the boxes on disk (`label_file`: a file that several write;
`label_order`: its classes and pictures in an annotator's order), `contents` compares and merges what is drawn on one
picture. `picture_list` and `picture_feed` find pictures and send them, `proposals` asks a detector, both beside the
drawing in the thread of a `worker`. `page` writes the page for places where no widget runs. The JavaScript is in
`js/`, joined by `modules`. This room sees `data` only.
"""
