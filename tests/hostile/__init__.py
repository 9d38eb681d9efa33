"""Files and configs of a stranger who means harm, made by code."""
