"""Generators of files from the code and the template: the API document, the AWS models and the cost page."""
