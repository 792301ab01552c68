"""The person cancels every window, and the browser saves what it is given."""


def upload():
    return {}


def download(path):
    print(f"The browser saves {path}")
