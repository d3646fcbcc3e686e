class Report:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.actions = {"write": self.write}

    def write(self, line):
        self.file.write(line + "\n")
