"""Pages: templates, charts, and how they are filled in. Every HTML page is made here."""
