# Writes a document with python-docx, an implementation that is not ours.
import sys
from docx import Document

d = Document()
d.core_properties.title = "Access"
d.add_heading("Access control policy", 0)
d.add_heading("Purpose", 1)
p = d.add_paragraph("Who gets in, and ")
p.add_run("who").bold = True
p.add_run(" says so. A * star and <b> stay as they are.")
p = d.add_paragraph("See ")
p.add_run("the handbook").italic = True
for text in ("Access is asked for.", "It is approved by the owner."):
    d.add_paragraph(text, style="List Number")
for text in ("keys", "badges"):
    d.add_paragraph(text, style="List Bullet")
d.add_heading("Who", 2)
t = d.add_table(rows=2, cols=2)
for i, row in enumerate((("Role", "Does"), ("Owner", "approves | refuses"))):
    for j, text in enumerate(row):
        t.cell(i, j).text = text
d.add_paragraph("1. not a list\n# not a heading")
d.save(sys.argv[1])
