"""The book as a web site: ``python -m tools.site`` (`make site`). Explained in docs/site.md.

contents.py   which files become pages, in which order, and which trained networks run in them
stage.py      copies these files to a folder, with links and pictures as the site needs them
live.py       the pages in which the trained networks run
build.py      puts them together with Sphinx, whose settings are in conf.py
check.py      looks at what was built: every link, every anchor, no other host
"""
