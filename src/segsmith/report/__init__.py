"""One self-contained page that tells what runs were asked and what came out."""
