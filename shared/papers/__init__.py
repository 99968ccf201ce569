"""Papers: typed letters in, A4 pages out (PDF/A for keeping, PDF/UA for screen readers), in Japanese and English.

typesetting   any template and its data to PDF, with Typst; knows no letter
model         what each letter says, as frozen values; answers: those that answer, and certificates
letters       any of them to pages
report        long reports from building blocks
dates         dates as letters write them
templates/    how each looks; `look.typ` is what all share
fonts/        the only fonts there are; LICENCES.md says whence

A function that prints lists `shared/papers/fonts/*` and `shared/papers/templates/*` under `files` in serverless.yaml
(16 MB, 10 MB zipped; Typst itself is 84 MB, installed at build).

Nothing here reads a store, knows a case or decides anything: whoever writes a letter hands over every word that is
particular to it.
"""
