"""Sphinx's settings for the site; `tools.site.build` runs it. Each name is explained in Sphinx's documentation."""

from tools.notebooks import REPOSITORY
from tools.site.contents import title

project = "GANs in Keras 3"
author = "the authors of gan_book"
html_title = project
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]

# Nothing is run: the notebooks have their outputs.
nb_execution_mode = "off"
nb_merge_streams = True

# The texts are written for GitHub and Jupyter: formulas between dollars, and GitHub's names for headings.
myst_enable_extensions = ["dollarmath", "amsmath", "html_image"]
myst_dmath_double_inline = True
myst_heading_anchors = 6
myst_update_mathjax = False
highlight_language = "none"  # of indented blocks, which are commands for a shell

# Nothing comes from another host; `tools.site.build` copies MathJax to this place.
mathjax_path = "mathjax/tex-chtml.js"

html_theme = "sphinx_book_theme"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_js_files = [("live.js", {"defer": "defer"})]
html_favicon = "../../gan_book/export/page/icon.svg"
html_copy_source = False
html_use_index = False
html_show_sphinx = False
html_show_copyright = False
html_context = {"description": title(), "default_mode": "auto"}
html_theme_options = {
    "repository_url": REPOSITORY,
    "use_repository_button": True,
    "use_source_button": False,
    "use_download_button": False,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_persistent": [],  # the field for the search stands above the contents
}
