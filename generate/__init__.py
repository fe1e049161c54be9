"""What is written from the code and the template: the API document, AWS models, the cost page."""
