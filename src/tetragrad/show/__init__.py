"""What people look at: the chapter (`tetragrad chapter`), its terminal output and its HTML report.

Needs the extra ``tetragrad[examples]`` (matplotlib, rich, scikit-learn), imported only when a section runs.
"""
