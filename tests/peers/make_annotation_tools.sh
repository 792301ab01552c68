#!/usr/bin/env bash
# Makes an environment for each tool of test_annotation_tools.py in a folder: make_annotation_tools.sh FOLDER [PYTHON]
# Pinned, since the figures in docs/formats.md are those of these versions. What cannot be had is skipped by the tests.
set -u
folder=$1 python=${2:-python3}
install() {
    local tool=$1
    shift
    [ -e "$folder/$tool/installed" ] && return
    "$python" -m venv "$folder/$tool" &&
        "$folder/$tool/bin/python" -m pip install -q --disable-pip-version-check "$@" && touch "$folder/$tool/installed" ||
        { rm -rf "${folder:?}/$tool"; echo "SKIPPED: $tool cannot be installed here with $python."; }
}
install datumaro datumaro==1.13.12
install supervision supervision==0.31.2
install label_studio label-studio-sdk==2.1.2
install labelformat labelformat==0.1.17
install globox globox==2.9.0
install pylabel pylabel==0.1.55 "pandas<3"
install labelme labelme==6.3.1
install labelimg labelImg==1.8.6
