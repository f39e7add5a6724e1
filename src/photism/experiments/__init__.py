"""Published tables and figures as declarations: what to run, the published number, ours."""
